#include "tests/testing/postgres_cluster.h"

#include <memory>

#include "gtest/gtest.h"

#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

class PostgresClusterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto cluster = PostgresCluster::Create({});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }

  std::unique_ptr<PostgresCluster> cluster_;
};

TEST_F(PostgresClusterTest, ReplicaReplaysWhatThePrimaryWrites) {
  cluster_->Sql(0, "CREATE TABLE t AS SELECT 42 AS a");

  ASSERT_TRUE(cluster_->WaitCaughtUp().ok());

  EXPECT_EQ(cluster_->Sql(0, "SELECT pg_is_in_recovery()"), "f");
  EXPECT_EQ(cluster_->Sql(1, "SELECT pg_is_in_recovery()"), "t");
  EXPECT_EQ(cluster_->Sql(1, "SELECT a FROM t"), "42");
}

TEST_F(PostgresClusterTest, ServersStopStartFreezeThawAndGetPromoted) {
  ASSERT_TRUE(cluster_->server(0).Stop(StopMode::kImmediate).ok());
  EXPECT_FALSE(cluster_->TrySql(0, "SELECT 1").ok());
  ASSERT_TRUE(cluster_->server(0).Start().ok());
  EXPECT_EQ(cluster_->Sql(0, "SELECT 1"), "1");

  cluster_->server(1).Freeze();
  EXPECT_FALSE(cluster_->TrySql(1, "SELECT 1").ok());
  cluster_->server(1).Thaw();
  EXPECT_EQ(cluster_->Sql(1, "SELECT 1"), "1");

  ASSERT_TRUE(cluster_->Promote(1).ok());
  EXPECT_EQ(cluster_->Sql(1, "SELECT pg_is_in_recovery()"), "f");
}

}  // namespace
}  // namespace pgsluice::testing
