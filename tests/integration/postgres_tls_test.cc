// TLS to PostgreSQL as a careful one wants it: verify-full, a client certificate, and a
// password by SCRAM that is bound to the channel.
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"
#include "tests/testing/server_certificate.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class PostgresTlsTest : public LiveTest {
 protected:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0});
    if (::testing::Test::HasFatalFailure()) return;
    ca_ = std::make_unique<CertificateAuthority>(cluster().temp_path(), "ca");
    cluster().Sql(0, "ALTER SYSTEM SET password_encryption = 'scram-sha-256'");
    cluster().Sql(0, "SELECT pg_reload_conf()");
    cluster().Sql(0, "CREATE ROLE app LOGIN PASSWORD 'tops3cret'");
    const std::string hba = cluster().server(0).data_dir() + "/pg_hba.conf";
    const std::string others = ReadFile(hba);
    std::ofstream(hba) << "hostssl all app all scram-sha-256 clientcert=verify-full\n"
                       << "host all app all reject\n"
                       << others;
    GiveCertificate(cluster(), 0, ca_->Issue("server", "IP:127.0.0.1"), ca_->ca_file());
    std::ofstream(PasswordFile()) << "tops3cret\n";
  }
  static void TearDownTestSuite() {
    ca_.reset();
    LiveTest::TearDownTestSuite();
  }

  static std::string PasswordFile() { return cluster().temp_path() + "/password"; }
  static GatewaySettings Settings(const std::string& ca_file, const KeyPair& own) {
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat(
        "host=127.0.0.1 port=", cluster().server(0).port(), " dbname=postgres user=app ",
        "sslmode=verify-full channel_binding=require sslrootcert=", ca_file,
        own.cert.empty() ? std::string(" sslcert=none")
                         : absl::StrCat(" sslcert=", own.cert, " sslkey=", own.key))};
    settings.set = {"endpoints[0].password_file=" + PasswordFile()};
    return settings;
  }
  // It has no pool, and so nothing that could be in progress.
  void EndWithoutPools() {
    EXPECT_EQ(gateway().Stop().value_or(-1), 0);
    ForgetGateway();
  }
  std::string LastError() {
    const v1::HealthResponse health = client().Health();
    return health.endpoints_size() == 0 ? "" : health.endpoints(0).last_error();
  }

  static std::unique_ptr<CertificateAuthority> ca_;
};

std::unique_ptr<CertificateAuthority> PostgresTlsTest::ca_;

TEST_F(PostgresTlsTest, SessionsAreEncryptedAndShowTheirCertificate) {
  StartGateway(Settings(ca_->ca_file(), ca_->Issue("app", "", 2, "app")));
  ASSERT_TRUE(gateway().IsReady());

  const Answer answer = client().Query(
      "SELECT current_user::text, ssl, client_dn FROM pg_stat_ssl "
      "WHERE pid = pg_backend_pid()");

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.at(0, 0).text(), "app");
  EXPECT_TRUE(answer.at(0, 1).bool_());
  EXPECT_EQ(answer.at(0, 2).text(), "/CN=app");
  EXPECT_THAT(gateway().Log(), ::testing::Not(HasSubstr("tops3cret")));
}

TEST_F(PostgresTlsTest, ACertificateOfAnotherUserIsRefused) {
  StartGateway(Settings(ca_->ca_file(), ca_->Issue("other", "", 2, "other")));

  EXPECT_TRUE(WaitFor("it says why", [&] { return !LastError().empty(); }));
  EXPECT_FALSE(gateway().health().IsServing("readiness"));
  EXPECT_THAT(LastError(), ::testing::Not(HasSubstr("tops3cret")));
  EndWithoutPools();
}

TEST_F(PostgresTlsTest, AServerThatAnotherCaHasSignedIsRefused) {
  const CertificateAuthority strangers(cluster().temp_path(), "strangers");
  StartGateway(Settings(strangers.ca_file(), ca_->Issue("app2", "", 2, "app")));

  EXPECT_TRUE(WaitFor("it says why", [&] {
    return LastError().find("certificate verify failed") != std::string::npos;
  })) << LastError();
  EXPECT_FALSE(gateway().health().IsServing("readiness"));
  EndWithoutPools();
}

}  // namespace
}  // namespace pgsluice::testing
