// A failover that loses writes: their tokens are refused, those of what was kept go on.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"
#include "tests/testing/replay_pauses.h"

namespace pgsluice::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// Server 1 is promoted without what was written last; server 2 follows it.
class LostTokenTest : public LiveTest {
 public:
  // Each test takes the cluster apart: it makes its own.
  static void SetUpTestSuite() {}
  void SetUp() override {
    SetUpCluster({.replicas = 2});
    LiveTest::SetUp();
    cluster().Sql(0, "CREATE TABLE notes (name text)");
    cluster().Sql(0, "CREATE ROLE poor LOGIN");
    cluster().Sql(0, "GRANT ALL ON notes TO poor");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }
  void TearDown() override {
    // Back on its old timeline, it gets nothing to do.
    EXPECT_TRUE(cluster().server(0).Start().ok());
    LiveTest::TearDown();
  }

 protected:
  void StartAs(const std::string& user) {
    GatewaySettings settings;
    for (size_t i = 0; i < cluster().size(); ++i) {
      settings.conninfos.push_back(
          absl::StrCat(cluster().server(i).conninfo(), " user=", user));
    }
    settings.set = {"probe.interval=50ms"};
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    ASSERT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
    ASSERT_TRUE(SeesRole(2, v1::ROLE_REPLICA));
  }
  std::string Write(std::string_view name) {
    const Answer answer = client().Query("INSERT INTO notes VALUES ($1)", {Text(name)});
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.response.token();
  }
  Answer ReadAtLeast(const std::string& token, v1::IfUnmet if_unmet) {
    v1::QueryRequest request =
        MakeQuery("SELECT count(*) FROM notes", {}, v1::INTENT_READ);
    request.mutable_options()->mutable_freshness()->set_at_least(token);
    request.mutable_options()->set_if_unmet(if_unmet);
    request.mutable_options()->set_report(true);
    return client().Query(request);
  }
  // What the probes have seen replayed, they know of later.
  void AwaitProbes() {
    const std::string lsn = cluster().Sql(0, "SELECT pg_current_wal_lsn()");
    EXPECT_TRUE(WaitFor("the probes see all replicas there", [&] {
      size_t there = 0;
      const v1::HealthResponse health = client().Health();
      for (const v1::EndpointHealth& endpoint : health.endpoints()) {
        const bool is_there = endpoint.role() == v1::ROLE_REPLICA &&
                              cluster().Sql(0, "SELECT $1::pg_lsn >= $2::pg_lsn",
                                            {endpoint.lsn(), lsn}) == "t";
        there += is_there ? 1 : 0;
      }
      return there == 2;
    }));
  }
  void FailOver() {
    ASSERT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
    ASSERT_TRUE(cluster().Promote(1).ok());
    FollowServer(cluster(), 2, cluster().server(1).local_conninfo());
    ASSERT_TRUE(SeesRole(1, v1::ROLE_PRIMARY));
  }
};

TEST_F(LostTokenTest, WhatWasLostIsToldOfAndWhatWasKeptIsSeen) {
  StartAs("postgres");
  const std::string kept = Write("kept");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  CutReplication(cluster(), 1);
  CutReplication(cluster(), 2);
  const std::string lost = Write("lost");
  FailOver();

  for (const v1::IfUnmet if_unmet : {v1::IF_UNMET_UNSPECIFIED, v1::IF_UNMET_WAIT,
                                     v1::IF_UNMET_PRIMARY, v1::IF_UNMET_FAIL}) {
    const Answer answer = ReadAtLeast(lost, if_unmet);
    EXPECT_EQ(answer.failure.code, grpc::StatusCode::FAILED_PRECONDITION)
        << answer.failure;
    EXPECT_EQ(answer.failure.reason, "TOKEN_LOST");
    EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
    EXPECT_EQ(answer.failure.field, "options.freshness.at_least");
    EXPECT_THAT(answer.failure.message, HasSubstr("not in the history"));
  }
  const Answer old = ReadAtLeast(kept, v1::IF_UNMET_PRIMARY);
  ASSERT_TRUE(old.ok()) << old.failure;
  EXPECT_EQ(old.at(0, 0).int64(), 1);

  const std::string later = Write("after");
  EXPECT_GT(later, lost);
  // Once it is known to have come to the new timeline, the replica serves its tokens.
  const Answer read = ReadAtLeast(later, v1::IF_UNMET_WAIT);
  ASSERT_TRUE(read.ok()) << read.failure;
  EXPECT_EQ(read.at(0, 0).int64(), 2);
  EXPECT_EQ(read.response.route().endpoint(), "server2");
  EXPECT_EQ(read.response.route().timeline(), 2u);
}

TEST_F(LostTokenTest, AGatewayThatStartsLaterKnowsAsMuch) {
  StartAs("postgres");
  const std::string kept = Write("kept");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  CutReplication(cluster(), 1);
  CutReplication(cluster(), 2);
  const std::string lost = Write("lost");
  FailOver();
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
  GatewaySettings settings;
  settings.conninfos = {cluster().server(1).conninfo()};
  StartGateway(settings);
  ASSERT_TRUE(gateway().IsReady());

  EXPECT_EQ(ReadAtLeast(lost, v1::IF_UNMET_PRIMARY).failure.reason, "TOKEN_LOST");
  EXPECT_TRUE(ReadAtLeast(kept, v1::IF_UNMET_PRIMARY).ok());
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
}

// May read no files: what the probes have seen must do.
TEST_F(LostTokenTest, WithoutTheRightToReadHistoriesNothingIsGuessed) {
  StartAs("poor");
  const std::string kept = Write("kept");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  AwaitProbes();
  CutReplication(cluster(), 1);
  CutReplication(cluster(), 2);
  const std::string lost = Write("lost");
  FailOver();

  const Answer old = ReadAtLeast(kept, v1::IF_UNMET_PRIMARY);
  ASSERT_TRUE(old.ok()) << old.failure;
  EXPECT_EQ(old.at(0, 0).int64(), 1);
  const Answer gone = ReadAtLeast(lost, v1::IF_UNMET_PRIMARY);
  EXPECT_EQ(gone.failure.code, grpc::StatusCode::FAILED_PRECONDITION) << gone.failure;
  EXPECT_THAT(gone.failure.reason, AnyOf("TOKEN_LOST", "TOKEN_UNVERIFIED"));
  // Of the new timeline: the primary always has it.
  EXPECT_TRUE(ReadAtLeast(Write("after"), v1::IF_UNMET_UNSPECIFIED).ok());
}

}  // namespace
}  // namespace pgsluice::testing
