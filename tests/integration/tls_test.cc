// TLS on the main port: certificates that change under load, bad ones, clients' own.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <grpc/grpc_security_constants.h>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/reload_fixture.h"
#include "tests/testing/certificate_authority.h"
#include "tests/testing/free_port.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHere[] = "IP:127.0.0.1";

class TlsTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    static int number = 0;
    dir_ = absl::StrCat(cluster().temp_path(), "/tls", ++number);
    std::filesystem::create_directory(dir_);
    ca_ = std::make_unique<CertificateAuthority>(dir_, "ca");
  }

  // As Kubernetes does it: a folder behind a link, and the link is replaced.
  void Install(const std::string& cert, const std::string& key) {
    const std::string folder = absl::StrCat(dir_, "/data", ++installed_);
    std::filesystem::create_directory(folder);
    std::filesystem::copy_file(cert, folder + "/tls.crt");
    std::filesystem::copy_file(key, folder + "/tls.key");
    std::filesystem::create_directory_symlink(folder, dir_ + "/next");
    std::filesystem::rename(dir_ + "/next", dir_ + "/data");
  }
  void Install(const KeyPair& pair) { Install(pair.cert, pair.key); }

  GatewaySettings Settings(std::vector<std::string> set = {}) {
    GatewaySettings settings;
    for (size_t i = 0; i < cluster().size(); ++i) {
      settings.conninfos.push_back(cluster().server(i).conninfo());
    }
    settings.set = {absl::StrCat("server.tls.cert_file=", dir_, "/data/tls.crt"),
                    absl::StrCat("server.tls.key_file=", dir_, "/data/tls.key")};
    settings.set.insert(settings.set.end(), set.begin(), set.end());
    settings.credentials = ClientTls(ca_->ca_file());
    return settings;
  }
  std::vector<std::string> ClientCertificates(const std::string& mode) {
    return {absl::StrCat("server.tls.client_ca_file=", ca_->ca_file()),
            absl::StrCat("server.tls.client_certificates=", mode)};
  }
  void Start(const GatewaySettings& settings) {
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
  }
  // The one that a new connection gets; empty when there is none.
  std::string CertificateShown() {
    GatewayClient fresh(gateway().port(), ClientTls(ca_->ca_file()));
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::HealthResponse response;
    if (!fresh.stub().Health(&context, {}, &response).ok()) return "";
    const auto shown =
        context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    return shown.empty() ? "" : std::string(shown[0].data(), shown[0].size());
  }
  ::testing::AssertionResult Shows(const KeyPair& pair) {
    return WaitFor("it shows the certificate",
                   [&] { return CertificateShown() == ReadFile(pair.cert); });
  }
  // Without waiting for a connection that may come yet.
  static grpc::Status Call(GatewayClient& caller) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    context.set_wait_for_ready(false);
    v1::QueryResponse response;
    return caller.stub().Query(&context, MakeQuery("SELECT 1"), &response);
  }
  std::string Problem() { return client().Health().certificate().problem(); }
  void ExpectRefusal(const std::string& why) {
    const auto exit_status = gateway().WaitForEnd();
    ASSERT_TRUE(exit_status.ok()) << exit_status.status();
    EXPECT_NE(*exit_status, 0);
    EXPECT_LT(*exit_status, 128) << "ended by a signal\n" << gateway().Log();
    EXPECT_THAT(gateway().Log(), HasSubstr(why));
    ForgetGateway();
  }

  std::string dir_;
  std::unique_ptr<CertificateAuthority> ca_;
  int installed_ = 0;
};

TEST_F(TlsTest, ReplacesItsCertificateTwentyTimesUnderLoadAndFailsNoCall) {
  Install(ca_->Issue("server0", kHere));
  Start(Settings());
  Load load(client(), 4);
  // Each call on a connection of its own.
  std::atomic<bool> is_over = false;
  std::atomic<int> connections = 0;
  std::vector<std::string> failures;
  std::thread newcomers([&] {
    while (!is_over) {
      GatewayClient fresh(gateway().port(), ClientTls(ca_->ca_file()));
      const Answer answer = fresh.Query("SELECT 1");
      ++connections;
      if (!answer.ok()) failures.push_back(answer.status.error_message());
    }
  });

  for (int i = 1; i <= 20; ++i) {
    const KeyPair next = ca_->Issue(absl::StrCat("server", i), kHere);
    Install(next);
    EXPECT_TRUE(Shows(next)) << i;
  }

  is_over = true;
  newcomers.join();
  EXPECT_THAT(failures, IsEmpty());
  EXPECT_THAT(load.End(), IsEmpty());
  EXPECT_GT(load.calls(), 100);
  EXPECT_GT(connections, 20);
  EXPECT_EQ(Problem(), "");
}

TEST_F(TlsTest, ABadPairLeavesTheOneBeforeInUseAndIsTold) {
  const KeyPair first = ca_->Issue("first", kHere);
  const KeyPair second = ca_->Issue("second", kHere, 20);
  Install(first);
  Start(Settings());
  EXPECT_EQ(Problem(), "");
  EXPECT_GT(client().Health().certificate().expires_in().seconds(), 24 * 3600);

  Install(second.cert, first.key);

  EXPECT_TRUE(WaitFor("it tells", [&] { return !Problem().empty(); }));
  EXPECT_THAT(Problem(), HasSubstr("not that of cert_file's certificate"));
  EXPECT_TRUE(Shows(first));

  Install(second);
  EXPECT_TRUE(Shows(second));
  EXPECT_EQ(Problem(), "");
  EXPECT_GT(client().Health().certificate().expires_in().seconds(), 10 * 24 * 3600);
}

TEST_F(TlsTest, RequiredClientCertificatesHaveToBeGood) {
  Install(ca_->Issue("server", kHere));
  GatewaySettings settings = Settings(ClientCertificates("REQUIRED"));
  settings.credentials = ClientTls(ca_->ca_file(), ca_->Issue("client", "DNS:client"));
  Start(settings);
  const CertificateAuthority strangers(dir_, "strangers");

  EXPECT_TRUE(client().Query("SELECT 1").ok());
  for (const KeyPair& own : {KeyPair(), strangers.Issue("client", "DNS:client")}) {
    GatewayClient refused(gateway().port(), ClientTls(ca_->ca_file(), own));
    EXPECT_EQ(Call(refused).error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  // The admin port stays open for probes.
  EXPECT_TRUE(gateway().health().IsServing("readiness"));
}

TEST_F(TlsTest, OptionalClientCertificatesHaveToBeGoodIfThereAreAny) {
  Install(ca_->Issue("server", kHere));
  Start(Settings(ClientCertificates("OPTIONAL")));
  const CertificateAuthority strangers(dir_, "strangers");

  EXPECT_TRUE(client().Query("SELECT 1").ok());
  GatewayClient refused(
      gateway().port(),
      ClientTls(ca_->ca_file(), strangers.Issue("client", "DNS:client")));
  EXPECT_EQ(Call(refused).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, PlaintextIsNotServed) {
  Install(ca_->Issue("server", kHere));
  Start(Settings());

  GatewayClient plain(gateway().port());
  EXPECT_EQ(Call(plain).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, DoesNotStartWithABadPair) {
  Install(ca_->Issue("one", kHere).cert, ca_->Issue("other", kHere).key);
  StartGateway(Settings());

  ExpectRefusal("not that of cert_file's certificate");
}

TEST_F(TlsTest, DoesNotStartInPlaintextForOtherMachinesUnlessToldTo) {
  GatewaySettings settings = Settings();
  settings.credentials = nullptr;
  settings.set = {"server.listen_address=0.0.0.0:0"};
  StartGateway(settings);
  ExpectRefusal("server.plaintext");

  settings.port = PickFreePort();
  settings.set = {absl::StrCat("server.listen_address=0.0.0.0:", settings.port),
                  "server.plaintext=ALLOWED"};
  Start(settings);
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
