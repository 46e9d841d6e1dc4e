// Cancels of sessions that are encrypted: encrypted, too, and to the same server only.
#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

class CancelTlsTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 0}); }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    MakeCertificate("127.0.0.1");
    // Its own is trusted, by a file that stays when the server gets another one.
    ASSERT_EQ(Shell(absl::StrCat("cp ", dir(), "/server.crt ", root())), 0);
    cluster().Sql(0, "ALTER SYSTEM SET ssl = on");
    Reload();
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat(cluster().server(0).conninfo(),
                                       " sslmode=verify-full sslrootcert=", root())};
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

  static const std::string& dir() { return cluster().server(0).data_dir(); }
  static std::string root() { return absl::StrCat(cluster().temp_path(), "/root.crt"); }
  static int Shell(const std::string& command) { return std::system(command.c_str()); }
  static void MakeCertificate(const std::string& address) {
    ASSERT_EQ(Shell(absl::StrCat("cd ", dir(),
                                 " && openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
                                 "-subj /CN=db -addext subjectAltName=IP:",
                                 address,
                                 " -keyout server.key -out server.crt 2>/dev/null && "
                                 "chmod 600 server.key && "
                                 "chown --reference=. server.key server.crt")),
              0);
  }
  static void Reload() {
    const std::string before = cluster().Sql(0, "SELECT pg_conf_load_time()::text");
    cluster().Sql(0, "SELECT pg_reload_conf()");
    EXPECT_TRUE(WaitFor("it has reloaded", [&] {
      return cluster().Sql(0, "SELECT pg_conf_load_time()::text") != before;
    }));
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
  MakeCertificate("127.0.0.2");
  Reload();

  const Answer answer =
      client().Query(MakeQuery("SELECT pg_sleep(66)"), absl::Milliseconds(200));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(CountCancels(), cancels);
  EXPECT_EQ(cluster().CountActive(0, "pg_sleep(66)"), 0);
}

}  // namespace
}  // namespace pgsluice::testing
