// `pgsluiced --doctor` on a healthy primary with its replica, and on what is wrong.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/doctor_fixture.h"
#include "tests/testing/free_port.h"
#include "tests/testing/replay_pauses.h"
#include "tests/testing/server_certificate.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "not-to-be-seen-anywhere";

TEST_F(DoctorTest, FindsNoErrorInAHealthyDeployment) {
  const Visit visit = See(BothServers());

  EXPECT_EQ(visit.report.errors(), 0u) << visit.output;
  EXPECT_EQ(visit.report.warnings(), 0u) << visit.output;
  EXPECT_EQ(visit.exit_status, 0);
  ASSERT_EQ(visit.report.endpoints_size(), 2);
  EXPECT_EQ(visit.report.endpoints(0).role(), "primary");
  EXPECT_EQ(visit.report.endpoints(1).role(), "replica");
  EXPECT_EQ(visit.report.endpoints(0).timeline(), 1u);
  EXPECT_EQ(visit.report.endpoints(1).timeline(), 1u);
  EXPECT_EQ(visit.report.endpoints(0).sessions_possible(), 57u);
  EXPECT_THAT(visit.IdsOf("db0"), Not(Contains("not-asked")));
  EXPECT_THAT(visit.IdsOf("db1"), Not(Contains("not-asked")));
}

TEST_F(DoctorTest, LeavesNothingBehind) {
  See(BothServers());

  for (size_t server : {0, 1}) {
    EXPECT_TRUE(WaitFor("its sessions are gone",
                        [&] { return cluster().CountBackends(server) == 0; }));
  }
}

TEST_F(DoctorTest, PrintsForPeopleWithoutColoursIntoAFile) {
  const Visit visit = Run("--doctor", BothServers(), {});

  EXPECT_EQ(visit.exit_status, 0) << visit.output;
  EXPECT_THAT(visit.output, HasSubstr("db0  primary, PostgreSQL "));
  EXPECT_THAT(visit.output, HasSubstr("0 errors, 0 warnings, "));
  EXPECT_THAT(visit.output, Not(HasSubstr("\x1b")));
}

TEST_F(DoctorTest, WarnsOfASuperuser) {
  const Visit visit = See({ConninfoOf(0) + " user=postgres"});

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db0"), Contains("superuser"));
}

TEST_F(DoctorTest, TellsOfAnEndpointThatIsDownAndLooksAtTheOthers) {
  const Visit visit =
      See({ConninfoOf(0), absl::StrCat("host=127.0.0.1 port=", PickFreePort(),
                                       " dbname=postgres user=app")});

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db1"), Contains("unreachable"));
  EXPECT_EQ(visit.report.endpoints(0).role(), "primary");
}

TEST_F(DoctorTest, TellsOfAFrozenServerInTime) {
  cluster().server(1).Freeze();
  const Visit visit = See(BothServers());
  cluster().server(1).Thaw();

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db1"), Contains("unreachable"));
  EXPECT_THAT(visit.output, HasSubstr("no answer in time"));
}

TEST_F(DoctorTest, TellsOfAWrongPasswordAndKeepsItToItself) {
  cluster().Sql(0, "CREATE ROLE guarded LOGIN PASSWORD 'right'");
  const std::string path = cluster().server(0).data_dir() + "/pg_hba.conf";
  const std::string trusting = ReadFile(path);
  std::ofstream(path) << "host all guarded 127.0.0.1/32 scram-sha-256\n" << trusting;
  cluster().Sql(0, "SELECT pg_reload_conf()");
  const std::string conninfo =
      absl::StrCat(ConninfoOf(0), " user=guarded password=", kSecret);
  // The reload may take a moment.
  Visit visit;
  EXPECT_TRUE(WaitFor("passwords count", [&] {
    visit = See({conninfo});
    return !visit.report.endpoints(0).reachable();
  }));

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db0"), Contains("login-refused")) << visit.output;
  EXPECT_THAT(visit.output, Not(HasSubstr(kSecret)));
  EXPECT_THAT(Run("--doctor", {conninfo}, {}).output, Not(HasSubstr(kSecret)));
}

TEST_F(DoctorTest, CountsSessionsAgainstMaxConnections) {
  const Visit visit = See(BothServers(), {"pools.primary.max_size=100"});

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db0"), Contains("too-few-connections"));
  EXPECT_THAT(visit.output, HasSubstr("may open 102 sessions; the server has 57"));
}

TEST_F(DoctorTest, TakesSessionsThatNameATraceForTheGateways) {
  const auto connect = [](const std::string& application_name) {
    auto connection = SqlConnection::Open(ConninfoOf(0));
    EXPECT_TRUE(connection.ok()) << connection.status();
    const auto named = connection->Run("SELECT set_config('application_name', $1, false)",
                                       {application_name});
    EXPECT_TRUE(named.ok()) << named.status();
    return *std::move(connection);
  };
  // "others have 1 of these."
  const auto others = [] {
    const std::string output = See({ConninfoOf(0)}, {"pools.primary.max_size=55"}).output;
    const size_t begin = output.find("others have ");
    EXPECT_NE(begin, std::string::npos) << output;
    return begin == std::string::npos ? "" : output.substr(begin, 24);
  };
  const SqlConnection stranger = connect("stranger");
  const std::string before = others();
  const SqlConnection own = connect("pgsluice;trace=0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(others(), before);
  const SqlConnection another =
      connect("stranger;trace=0af7651916cd43dd8448eb211c80319c");
  EXPECT_NE(others(), before);
}

TEST_F(DoctorTest, CountsSessionsAgainstTheRolesLimit) {
  cluster().Sql(0, "ALTER ROLE app CONNECTION LIMIT 11");
  const Visit visit = See({ConninfoOf(0)});
  cluster().Sql(0, "ALTER ROLE app CONNECTION LIMIT -1");

  EXPECT_THAT(visit.IdsOf("db0"), Contains("role-limit")) << visit.output;
}

TEST_F(DoctorTest, TellsAServerOfAnotherCluster) {
  auto other = PostgresCluster::Create({.replicas = 0, .configuration = kSafe});
  ASSERT_TRUE(other.ok()) << other.status();
  (*other)->Sql(0, "CREATE ROLE app LOGIN");
  const Visit visit =
      See({ConninfoOf(0), absl::StrCat("host=127.0.0.1 port=", (*other)->server(0).port(),
                                       " dbname=postgres user=app")});

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db1"), Contains("other-cluster")) << visit.output;
  EXPECT_THAT(visit.IdsOf("db1"), Contains("no-read-all-stats"));
}

TEST_F(DoctorTest, TellsAPausedReplica) {
  PauseReplay(cluster(), 1);
  const Visit visit = See(BothServers());
  ResumeReplay(cluster(), 1);

  EXPECT_EQ(visit.exit_status, 1);
  EXPECT_THAT(visit.IdsOf("db1"), Contains("replay-paused")) << visit.output;
}

TEST_F(DoctorTest, TellsATimeoutOfTheRole) {
  cluster().Sql(0, "ALTER ROLE app SET statement_timeout = '1500ms'");
  const Visit visit = See({ConninfoOf(0)});
  cluster().Sql(0, "ALTER ROLE app RESET statement_timeout");

  EXPECT_THAT(visit.IdsOf("db0"), Contains("statement-timeout-hidden")) << visit.output;
  EXPECT_THAT(visit.IdsOf("db0"), Contains("probes-cut"));
  EXPECT_THAT(visit.output,
              HasSubstr("statement_timeout is 1.5s (set for the role app)."));
}

TEST_F(DoctorTest, TellsThatNobodyIsSynchronous) {
  cluster().Sql(0, "ALTER SYSTEM SET synchronous_standby_names = 'nosuch'");
  Reload(0, "synchronous_standby_names", "nosuch");
  const Visit visit = See(BothServers());
  cluster().Sql(0, "ALTER SYSTEM RESET synchronous_standby_names");
  Reload(0, "synchronous_standby_names", "");

  EXPECT_EQ(visit.exit_status, 2);
  EXPECT_THAT(visit.IdsOf("db0"), Contains("nobody-synchronous")) << visit.output;
}

TEST_F(DoctorTest, LooksAtCertificatesAndTheirVerification) {
  GiveCertificate(cluster(), 0, "IP:127.0.0.1");
  const std::string trusted = TrustCertificates(cluster(), {0});
  const Visit lax = See({ConninfoOf(0) + " sslmode=require"});
  const Visit strict =
      See({ConninfoOf(0) + " sslmode=verify-full sslrootcert=" + trusted});
  const Visit distrusting =
      See({ConninfoOf(0) + " sslmode=verify-full sslrootcert=/nonexistent"});

  EXPECT_THAT(lax.report.endpoints(0).tls(), HasSubstr("TLS"));
  EXPECT_THAT(lax.IdsOf("db0"), Contains("tls-unverified"));
  EXPECT_THAT(strict.IdsOf("db0"), Not(Contains("tls-unverified"))) << strict.output;
  EXPECT_THAT(strict.IdsOf("db0"), Contains("certificate-ends"));
  EXPECT_THAT(distrusting.IdsOf("db0"), Contains("tls-fails")) << distrusting.output;
}

TEST_F(DoctorTest, LooksForTheTableOfKeys) {
  const Visit none =
      See({ConninfoOf(0)}, {"idempotency.enabled=true", "idempotency.create=false"});
  cluster().Sql(0, "CREATE SCHEMA pgsluice");
  cluster().Sql(0, "CREATE TABLE pgsluice.idempotency (role text, key text)");
  const Visit unfit = See({ConninfoOf(0)}, {"idempotency.enabled=true"});
  cluster().Sql(0, "DROP SCHEMA pgsluice CASCADE");

  EXPECT_THAT(none.IdsOf("db0"), Contains("no-key-table")) << none.output;
  EXPECT_THAT(unfit.IdsOf("db0"), Contains("key-table-unfit")) << unfit.output;
}

}  // namespace
}  // namespace pgsluice::testing
