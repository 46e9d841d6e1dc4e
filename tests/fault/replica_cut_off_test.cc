// A replica that no longer receives from its primary, but answers: what it says of itself
// stays as it was, while the primary goes on.
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kNowhere[] = "primary_conninfo = 'host=127.0.0.1 port=1'\n";

class ReplicaCutOffTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

 protected:
  static std::string Receivers(size_t server) {
    return cluster().Sql(server, "SELECT count(*) FROM pg_stat_wal_receiver");
  }
  // Killing the receiver would restart the server. In this file the last line holds.
  static std::string SettingsPath(size_t server) {
    return cluster().server(server).data_dir() + "/postgresql.auto.conf";
  }
  static void CutOff(size_t server) {
    std::ofstream(SettingsPath(server), std::ios::app) << kNowhere;
    cluster().Sql(server, "SELECT pg_reload_conf()");
    ASSERT_TRUE(WaitFor("it receives nothing", [&] { return Receivers(server) == "0"; }));
  }
  static void Reconnect(size_t server) {
    const std::string settings = ReadFile(SettingsPath(server));
    std::ofstream(SettingsPath(server)) << settings.substr(0, settings.find(kNowhere));
    cluster().Sql(server, "SELECT pg_reload_conf()");
    EXPECT_TRUE(WaitFor("it receives again", [&] { return Receivers(server) == "1"; }));
  }
};

TEST_F(ReplicaCutOffTest, ItIsReachedAndSeenToStandStill) {
  StartGateway();
  const auto seen = [&](size_t server) {
    const v1::HealthResponse health = client().Health();
    for (const v1::EndpointHealth& endpoint : health.endpoints()) {
      if (endpoint.endpoint() == absl::StrCat("server", server)) return endpoint;
    }
    return v1::EndpointHealth();
  };

  ASSERT_NO_FATAL_FAILURE(CutOff(1));
  cluster().Sql(0, "DROP TABLE IF EXISTS written_meanwhile");
  cluster().Sql(0, "CREATE TABLE written_meanwhile (a int)");
  const std::string written = cluster().Sql(0, "SELECT pg_current_wal_lsn()");
  const auto is_behind = [&](size_t server) {
    return cluster().Sql(server, "SELECT pg_last_wal_replay_lsn() < $1::pg_lsn",
                         {written}) == "t";
  };
  EXPECT_TRUE(WaitFor("the other replica goes on", [&] { return !is_behind(2); }));
  EXPECT_TRUE(WaitFor("the gateway sees it", [&] {
    return seen(2).lsn() == cluster().Sql(2, "SELECT pg_last_wal_replay_lsn()");
  }));

  EXPECT_TRUE(is_behind(1));
  EXPECT_TRUE(seen(1).reachable());
  EXPECT_EQ(seen(1).role(), v1::ROLE_REPLICA);
  EXPECT_EQ(seen(1).lsn(), cluster().Sql(1, "SELECT pg_last_wal_replay_lsn()"));
  EXPECT_NE(seen(1).lsn(), seen(2).lsn());
  EXPECT_TRUE(client().Read("SELECT 1").ok());

  Reconnect(1);
  EXPECT_TRUE(cluster().WaitCaughtUp().ok());
}

}  // namespace
}  // namespace pgsluice::testing
