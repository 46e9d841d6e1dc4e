// Fixture of tests of freshness: a primary with two replicas whose replay can be paused.
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "pool/write_token.h"
#include "tests/testing/live_test.h"
#include "tests/testing/replay_pauses.h"

namespace pgsluice::testing {

class FreshnessTest : public LiveTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS notes");
    cluster().Sql(0, "CREATE TABLE notes (name text)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }
  void TearDown() override {
    for (const size_t replica : kReplicas) ResumeReplay(cluster(), replica);
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    LiveTest::TearDown();
  }

 protected:
  static constexpr size_t kReplicas[] = {1, 2};
  // A healthy replica keeps within it, however busy the machine is.
  static constexpr absl::Duration kBound = absl::Seconds(2);

  void PauseReplicas() {
    for (const size_t replica : kReplicas) PauseReplay(cluster(), replica);
  }
  // Returns its token.
  std::string Write(std::string_view name) {
    const Answer answer = client().Query("INSERT INTO notes VALUES ($1)", {Text(name)});
    EXPECT_TRUE(answer.ok()) << answer.failure;
    EXPECT_EQ(answer.response.token().size(), kTokenBytes);
    return answer.response.token();
  }
  static v1::QueryRequest CountNotes() {
    v1::QueryRequest request =
        MakeQuery("SELECT count(*) FROM notes", {}, v1::INTENT_READ);
    request.mutable_options()->set_report(true);
    return request;
  }
  static v1::QueryRequest AtLeast(const std::string& token,
                                  v1::IfUnmet if_unmet = v1::IF_UNMET_UNSPECIFIED) {
    v1::QueryRequest request = CountNotes();
    request.mutable_options()->mutable_freshness()->set_at_least(token);
    request.mutable_options()->set_if_unmet(if_unmet);
    return request;
  }
  static v1::QueryRequest MaxStaleness(absl::Duration duration, v1::IfUnmet if_unmet) {
    v1::QueryRequest request = CountNotes();
    auto& staleness =
        *request.mutable_options()->mutable_freshness()->mutable_max_staleness();
    staleness.set_seconds(absl::ToInt64Seconds(duration));
    staleness.set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(duration % absl::Seconds(1))));
    request.mutable_options()->set_if_unmet(if_unmet);
    return request;
  }
  void ExpectCount(const Answer& answer, int64_t count) {
    ASSERT_TRUE(answer.ok()) << answer.failure;
    EXPECT_EQ(answer.at(0, 0).int64(), count);
  }
  v1::FreshReads FreshReads() { return client().PoolStats().fresh_reads(); }
  ::testing::AssertionResult AreWaiting(uint32_t reads) {
    return WaitFor(absl::StrCat(reads, " reads wait"),
                   [&] { return FreshReads().waiting() == reads; });
  }
};

}  // namespace pgsluice::testing
