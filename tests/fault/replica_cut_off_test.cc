// Replicas that no longer receive from their primary, but answer: all of them, where
// replica_rotation_test cuts off one.
#include <fstream>
#include <string>

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kNowhere[] = "primary_conninfo = 'host=127.0.0.1 port=1'\n";

class ReplicaCutOffTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

 protected:
  ::testing::AssertionResult AreInRotation(bool wanted) {
    return WaitFor("both replicas are in rotation, or out", [&] {
      const v1::HealthResponse health = client().Health();
      return health.endpoints_size() == 3 &&
             health.endpoints(1).in_rotation() == wanted &&
             health.endpoints(2).in_rotation() == wanted;
    });
  }
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

TEST_F(ReplicaCutOffTest, WithAllReplicasCutOffReadsGoToThePrimaryAndNoneIsStale) {
  cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
  cluster().Sql(0, "CREATE TABLE ledger (a int)");
  StartGateway({"routing.max_lag_time=500ms"});
  ASSERT_TRUE(AreInRotation(true));

  ASSERT_NO_FATAL_FAILURE(CutOff(1));
  ASSERT_NO_FATAL_FAILURE(CutOff(2));
  EXPECT_TRUE(client().Query("INSERT INTO ledger VALUES (0)").ok());
  EXPECT_TRUE(AreInRotation(false));
  const v1::HealthResponse health = client().Health();
  for (int i : {1, 2}) {
    EXPECT_TRUE(health.endpoints(i).reachable())
        << "it answers, and looks fresh to itself";
    EXPECT_FALSE(health.endpoints(i).receiver_alive());
  }
  v1::QueryRequest count = MakeQuery("SELECT count(*) FROM ledger", {}, v1::INTENT_READ);
  count.mutable_options()->set_report(true);
  for (int i = 1; i <= 20; ++i) {
    EXPECT_TRUE(client().Query("INSERT INTO ledger VALUES (1)").ok());
    const Answer read = client().Query(count);
    EXPECT_EQ(read.at(0, 0).int64(), i + 1) << read.failure;
    EXPECT_EQ(read.response.route().endpoint(), "server0");
  }

  Reconnect(1);
  Reconnect(2);
  EXPECT_TRUE(AreInRotation(true)) << "and it restores";
  EXPECT_EQ(client().Query(count).response.route().role(), "replica");
}

}  // namespace
}  // namespace pgsluice::testing
