// Cancels of sessions that are encrypted: encrypted, too, and to the same server only.
#include <string>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"
#include "tests/testing/server_certificate.h"

namespace pgsluice::testing {
namespace {

class CancelTlsTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 0}); }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    GiveCertificate(cluster(), 0, "IP:127.0.0.1");
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat(
        cluster().server(0).conninfo(),
        " sslmode=verify-full sslrootcert=", TrustCertificates(cluster(), {0}))};
    settings.set = {"pools.primary.max_size=1"};
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_EQ(client()
                  .Query("SELECT ssl::int8 FROM (SELECT ssl::int FROM pg_stat_ssl WHERE "
                         "pid = pg_backend_pid()) s")
                  .at(0, 0)
                  .int64(),
              1);
  }

  // What the server itself says about cancel requests.
  static int CountCancels() {
    const std::string log = ReadFile(cluster().server(0).log_path());
    int count = 0;
    const std::string text = "canceling statement due to user request";
    for (size_t at = log.find(text); at != std::string::npos;
         at = log.find(text, at + 1)) {
      ++count;
    }
    return count;
  }
};

TEST_F(CancelTlsTest, AnEncryptedSessionIsCancelledAndKept) {
  const int64_t before = client().Query("SELECT pg_backend_pid()").at(0, 0).int64();
  const int cancels = CountCancels();

  const Answer answer =
      client().Query(MakeQuery("SELECT pg_sleep(65)"), absl::Milliseconds(200));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(CountCancels(), cancels + 1);
  EXPECT_EQ(client().Query("SELECT pg_backend_pid()").at(0, 0).int64(), before);
}

// Somebody else in the server's place is not told the key; the statement ends by
// PostgreSQL's own timeout.
TEST_F(CancelTlsTest, AServerThatIsNotTrustedGetsNoCancel) {
  const int cancels = CountCancels();
  GiveCertificate(cluster(), 0, "IP:127.0.0.2");

  const Answer answer =
      client().Query(MakeQuery("SELECT pg_sleep(66)"), absl::Milliseconds(200));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(CountCancels(), cancels);
  EXPECT_EQ(cluster().CountActive(0, "pg_sleep(66)"), 0);
}

}  // namespace
}  // namespace pgsluice::testing
