#include "pool/commit_resolver.h"

#include <atomic>
#include <deque>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "tests/testing/fake_clock.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

// Answers as the test says, in order; the last answer for ever.
class FakeOracle final : public CommitOracle {
 public:
  absl::StatusOr<ResolutionFacts> Ask(const Endpoint& /*primary*/,
                                      const CommitEvidence& /*evidence*/,
                                      IfInProgress /*if_in_progress*/) override {
    absl::MutexLock lock(&mutex_);
    ++asked_;
    absl::StatusOr<ResolutionFacts> answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }
  void Rest() override { ++rests_; }

  void Add(absl::StatusOr<ResolutionFacts> answer) {
    absl::MutexLock lock(&mutex_);
    answers_.push_back(std::move(answer));
  }
  int asked() const {
    absl::MutexLock lock(&mutex_);
    return asked_;
  }
  int rests() const { return rests_; }

 private:
  mutable absl::Mutex mutex_;
  std::deque<absl::StatusOr<ResolutionFacts>> answers_ ABSL_GUARDED_BY(mutex_);
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<int> rests_{0};
};

ResolutionFacts Facts(XactStatus status) {
  return {.system_identifier = "7001",
          .timeline = 1,
          .switch_lsn = std::nullopt,
          .incarnation = "run 1",
          .note = NoteInWal::kUnread,
          .status = status};
}

class CommitResolverTest : public ::testing::Test {
 protected:
  CommitResolverTest() {
    auto oracle = std::make_unique<FakeOracle>();
    oracle_ = oracle.get();
    resolver_ = std::make_unique<CommitResolver>(
        CommitResolverDeps{.oracle = std::move(oracle),
                           .primary = [this]() -> std::optional<Endpoint> {
                             if (!has_primary_) return std::nullopt;
                             return Endpoint{.name = "db1", .conninfo = ""};
                           },
                           .clock = &clock_});
  }

  void Ask(absl::Duration limit = absl::Seconds(10)) {
    resolver_->Resolve({.system_identifier = "7001",
                        .timeline = 1,
                        .transaction_id = 725,
                        .note = "a note",
                        .lsn = 100,
                        .incarnation = "run 1"},
                       IfInProgress::kLeave, clock_.Now() + limit,
                       [this](const Resolution& resolution) {
                         resolution_ = resolution;
                         answers_ += 1;
                       });
  }
  ::testing::AssertionResult IsAnswered() {
    return WaitFor("it is answered", [this] { return answers_ == 1; });
  }

  FakeClock clock_;
  std::atomic<bool> has_primary_{true};
  std::atomic<int> answers_{0};
  Resolution resolution_;  // Once answered.
  FakeOracle* oracle_ = nullptr;
  std::unique_ptr<CommitResolver> resolver_;
};

TEST_F(CommitResolverTest, AnswersWhatThePrimaryRecorded) {
  oracle_->Add(Facts(XactStatus::kCommitted));

  Ask();

  ASSERT_TRUE(IsAnswered());
  EXPECT_EQ(resolution_.outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(resolution_.endpoint, "db1");
  EXPECT_EQ(resolver_->counters().committed, 1U);
  EXPECT_EQ(resolver_->counters().open, 0U);
  EXPECT_TRUE(WaitFor("the oracle rests", [&] { return oracle_->rests() > 0; }));
}

TEST_F(CommitResolverTest, AsksAgainWhileItIsInProgress) {
  oracle_->Add(Facts(XactStatus::kInProgress));
  oracle_->Add(Facts(XactStatus::kInProgress));
  oracle_->Add(Facts(XactStatus::kAborted));

  Ask();

  ASSERT_TRUE(IsAnswered());
  EXPECT_EQ(resolution_.outcome, CommitOutcome::kAborted);
  EXPECT_EQ(oracle_->asked(), 3);
}

TEST_F(CommitResolverTest, WaitsForAPrimary) {
  oracle_->Add(absl::UnavailableError("is starting up"));
  oracle_->Add(Facts(XactStatus::kCommitted));
  has_primary_ = false;
  Ask();
  EXPECT_EQ(oracle_->asked(), 0);

  has_primary_ = true;

  ASSERT_TRUE(IsAnswered());
  EXPECT_EQ(resolution_.outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(oracle_->asked(), 2);
}

TEST_F(CommitResolverTest, SaysUnknownWhenTheTimeIsOver) {
  oracle_->Add(Facts(XactStatus::kInProgress));
  Ask(absl::Seconds(1));
  ASSERT_TRUE(WaitFor("it has asked", [&] { return oracle_->asked() > 0; }));
  EXPECT_EQ(answers_, 0);

  clock_.Advance(absl::Seconds(2));

  ASSERT_TRUE(IsAnswered());
  EXPECT_EQ(resolution_.outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(resolution_.reason, "it is still in progress");
  EXPECT_EQ(resolver_->counters().unknown, 1U);
}

TEST_F(CommitResolverTest, AnswersEverythingBeforeItGoes) {
  has_primary_ = false;
  Ask();

  resolver_.reset();

  EXPECT_EQ(answers_, 1);
  EXPECT_EQ(resolution_.outcome, CommitOutcome::kUnknown);
}

}  // namespace
}  // namespace pgsluice::testing
