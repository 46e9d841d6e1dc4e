// What tests of callers with JSON Web Tokens stand on: a gateway with TLS, an operator
// with a certificate, an issuer, and a database user that is bound by row-level security.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/integration/reload_fixture.h"
#include "tests/testing/certificate_authority.h"
#include "tests/testing/jwt_issuer.h"

namespace pgsluice::testing {

class SecurityTest : public ReloadTest {
 protected:
  void SetUp() override {
    ReloadTest::SetUp();
    MakeUser();
    for (std::string& conninfo : conninfos_) conninfo += " user=gateway_user";
    stem_ = path_ + ".d";
    ca_ = std::make_unique<CertificateAuthority>(cluster().temp_path(), "security_ca");
    const KeyPair server = ca_->Issue("server", "IP:127.0.0.1");
    credentials_ = ClientTls(ca_->ca_file(), ca_->Issue("operator", "DNS:operator"));
    WriteKeys(issuer_.Jwks());
    lines_["server"] = {absl::StrCat("tls: {cert_file: ", server.cert, ", key_file: ",
                                     server.key, ", client_ca_file: ", ca_->ca_file(),
                                     ", client_certificates: OPTIONAL}"),
                        "admin_service: \"ON\""};
    lines_["authentication"] = {
        "enabled: true", absl::StrCat("jwt: {jwks_file: ", KeysFile(),
                                      ", issuer: test, audience: gateway, leeway: 0s}")};
    lines_["callers"] = {"- {name: operator, methods: all}", "- {name: app}"};
  }

  // Neither a superuser nor the owner of anything.
  void MakeUser() {
    cluster().Sql(0,
                  "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = "
                  "'gateway_user') THEN CREATE ROLE gateway_user LOGIN; "
                  "GRANT pg_monitor TO gateway_user; END IF; END $$");
    const absl::Status caught_up = cluster().WaitCaughtUp();
    ASSERT_TRUE(caught_up.ok()) << caught_up;
  }

  std::string KeysFile() const { return stem_ + ".jwks"; }
  // As a whole, or the gateway could read half of it.
  void WriteKeys(const std::string& text) {
    std::ofstream(KeysFile() + ".new") << text;
    std::filesystem::rename(KeysFile() + ".new", KeysFile());
  }

  // Of the issuer, for the gateway; `more`: ",\"tenant\":\"a\"".
  static std::string Claims(std::string_view sub, std::string_view more = "",
                            absl::Duration life = absl::Minutes(10)) {
    return absl::StrCat(R"({"iss":"test","aud":["gateway"],"sub":")", std::string(sub),
                        R"(","exp":)", absl::ToUnixSeconds(absl::Now() + life),
                        std::string(more), "}");
  }

  GatewayClient As(const std::string& token) {
    return GatewayClient(gateway().port(), grpc::CompositeChannelCredentials(
                                               ClientTls(ca_->ca_file()),
                                               grpc::AccessTokenCredentials(token)));
  }

  const JwtIssuer issuer_{JwtIssuer::Key::kP256, "first"};
  std::string stem_;
  std::unique_ptr<CertificateAuthority> ca_;
};

}  // namespace pgsluice::testing
