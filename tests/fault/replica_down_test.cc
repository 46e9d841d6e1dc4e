// Replicas that crash, one or all of them, under a load of reads: no read fails that
// another endpoint could have answered, and each replica serves again when it is back.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/fault/fault_test.h"
#include "tests/fault/read_load.h"

namespace pgsluice::testing {
namespace {

class ReplicaDownTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

 protected:
  static void Crash(size_t server) {
    EXPECT_TRUE(cluster().server(server).Stop(StopMode::kImmediate).ok());
  }
  static void Return(size_t server) {
    EXPECT_TRUE(cluster().server(server).Start().ok());
  }
};

TEST_F(ReplicaDownTest, NoReadFailsWhenOneReplicaCrashes) {
  StartGateway();
  ReadLoad load(client());
  EXPECT_TRUE(load.IsServedBy("server1"));
  EXPECT_TRUE(load.IsServedBy("server2"));

  for (const size_t victim : {1, 2}) {
    Crash(victim);
    EXPECT_TRUE(SeesUnreachable(victim));
    EXPECT_TRUE(load.GoesOn());
    Return(victim);
    EXPECT_TRUE(SeesRole(victim, v1::ROLE_REPLICA));
    EXPECT_TRUE(load.IsServedBy(victim == 1 ? "server1" : "server2"));
  }
  load.Stop();

  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  EXPECT_EQ(load.answered_by("server0"), 0U) << "one replica was there all the time";
}

TEST_F(ReplicaDownTest, WithoutReplicasReadsGoToThePrimary) {
  StartGateway();
  ReadLoad load(client());
  EXPECT_TRUE(load.GoesOn());

  Crash(1);
  // Reads that it took down have been sent again: they are only once.
  EXPECT_TRUE(load.IsServedBy("server2", 200));
  Crash(2);
  EXPECT_TRUE(load.IsServedBy("server0", 200));
  Return(1);
  EXPECT_TRUE(load.IsServedBy("server1"));
  Return(2);
  EXPECT_TRUE(load.IsServedBy("server2"));
  load.Stop();

  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
}

TEST_F(ReplicaDownTest, WithoutReplicasAndFallbackReadsFailAndSaySo) {
  StartGateway({"routing.read_fallback=NONE"});
  EXPECT_TRUE(client().Read("SELECT 1").ok());

  Crash(1);
  Crash(2);
  EXPECT_TRUE(SeesUnreachable(1));
  EXPECT_TRUE(SeesUnreachable(2));
  const absl::Time begin = absl::Now();
  const Answer read = client().Read("SELECT 1");
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2)) << "there is nothing to wait for";
  EXPECT_EQ(read.failure.code, grpc::StatusCode::UNAVAILABLE) << read.failure;
  EXPECT_EQ(read.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << read.failure;
  EXPECT_THAT(read.failure.message, ::testing::HasSubstr("routing.read_fallback"));
  EXPECT_TRUE(client().Query("SELECT 1").ok()) << "the primary has nothing to do with it";

  Return(1);
  Return(2);
}

}  // namespace
}  // namespace pgsluice::testing
