#include "pool/replay_watch.h"

#include <atomic>
#include <deque>

#include "gtest/gtest.h"

#include "tests/testing/wait_for.h"

namespace pgsluice {
namespace {

using testing::WaitFor;

// A replica whose questions end when the test says so.
class Replica final {
 public:
  // Lets the question under way, or the next one, end.
  void Answer(absl::StatusOr<WalPosition> position) {
    absl::MutexLock lock(&mutex_);
    answers_.push_back(position);
  }
  // All questions end at once from now on, with the place as of then.
  void AnswerAtOnce(WalPosition position) {
    absl::MutexLock lock(&mutex_);
    standing_ = position;
  }
  absl::StatusOr<WalReading> Ask() {
    absl::MutexLock lock(&mutex_);
    ++asked_;
    ++under_way_;
    most_under_way_ = std::max(most_under_way_, under_way_);
    const absl::Time asked_at = absl::Now();
    const auto has_end = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return is_interrupted_ || !answers_.empty() || standing_.has_value();
    };
    mutex_.Await(absl::Condition(&has_end));
    --under_way_;
    if (is_interrupted_) return absl::CancelledError("interrupted");
    if (answers_.empty()) return WalReading{*standing_, asked_at};
    const absl::StatusOr<WalPosition> answer = answers_.front();
    answers_.pop_front();
    if (!answer.ok()) return answer.status();
    return WalReading{*answer, asked_at};
  }
  void Interrupt() {
    absl::MutexLock lock(&mutex_);
    is_interrupted_ = true;
  }
  int asked() const {
    absl::MutexLock lock(&mutex_);
    return asked_;
  }
  int most_under_way() const {
    absl::MutexLock lock(&mutex_);
    return most_under_way_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::deque<absl::StatusOr<WalPosition>> answers_ ABSL_GUARDED_BY(mutex_);
  std::optional<WalPosition> standing_ ABSL_GUARDED_BY(mutex_);
  bool is_interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

class FakeGauge final : public ReplayGauge {
 public:
  explicit FakeGauge(Replica& replica) : replica_(replica) {}
  absl::StatusOr<WalReading> Ask() override { return replica_.Ask(); }
  void Rest() override {}
  void Interrupt() override { replica_.Interrupt(); }

 private:
  Replica& replica_;
};

class ReplayWatchTest : public ::testing::Test {
 protected:
  ReplayWatchTest() {
    watch_.emplace([this](const Endpoint& endpoint) {
      return std::make_unique<FakeGauge>(endpoint.name == "a" ? a_ : b_);
    });
    Follow({"a"});
  }
  void Follow(const std::vector<std::string>& names, uint32_t timeline = 1) {
    std::vector<Endpoint> endpoints;
    for (const std::string& name : names) {
      endpoints.push_back({.name = name, .conninfo = "host=" + name});
    }
    watch_->Follow(++version_, endpoints,
                   {.timeline = timeline, .ends = {}, .is_complete = true});
  }
  uint64_t Wait(uint64_t lsn, std::atomic<int>& woken,
                absl::Time not_before = absl::InfinitePast()) {
    return watch_->Wait({.position = WalPosition{1, lsn}, .not_before = not_before},
                        [&woken] { ++woken; });
  }
  void ExpectWoken(const std::atomic<int>& woken, int times) {
    EXPECT_TRUE(WaitFor("the waiter is woken", [&] { return woken == times; }));
  }

  Replica a_;
  Replica b_;
  uint64_t version_ = 0;
  std::optional<ReplayWatch> watch_;
};

TEST_F(ReplayWatchTest, AsksNobodyWhileNobodyWaits) {
  std::atomic<int> woken{0};
  watch_->Wait({.position = std::nullopt}, [&woken] { ++woken; });

  // Whoever waits for a probe does not make it ask: it is asked for the next one only.
  Wait(100, woken);
  a_.Answer(WalPosition{1, 100});
  ExpectWoken(woken, 1);
  EXPECT_EQ(a_.asked(), 1);
  EXPECT_EQ(watch_->questions(), 1u);
}

TEST_F(ReplayWatchTest, WakesWhoseWishIsFulfilledAndNobodyElse) {
  std::atomic<int> near{0};
  std::atomic<int> far{0};
  Wait(100, near);
  const uint64_t id = Wait(200, far);

  a_.Answer(WalPosition{1, 99});
  a_.Answer(WalPosition{1, 150});
  ExpectWoken(near, 1);

  EXPECT_EQ(far, 0);
  EXPECT_EQ(watch_->waiting(), 1u);
  watch_->Cancel(id);
  EXPECT_EQ(watch_->waiting(), 0u);
  EXPECT_EQ(watch_->Latest("a")->position, (WalPosition{1, 150}));
}

TEST_F(ReplayWatchTest, HoweverManyWaitOneQuestionIsUnderWay) {
  std::atomic<int> woken{0};
  for (int i = 0; i < 1000; ++i) Wait(100, woken);
  ASSERT_TRUE(WaitFor("it is asked", [&] { return a_.asked() == 1; }));
  for (int i = 0; i < 1000; ++i) Wait(100, woken);

  a_.Answer(WalPosition{1, 100});
  ExpectWoken(woken, 2000);

  EXPECT_EQ(a_.asked(), 1);
  EXPECT_EQ(a_.most_under_way(), 1);
}

TEST_F(ReplayWatchTest, TheFirstReplicaToGetThereWillDo) {
  Follow({"a", "b"});
  std::atomic<int> woken{0};
  Wait(100, woken);
  b_.Answer(WalPosition{1, 100});

  ExpectWoken(woken, 1);
  EXPECT_FALSE(watch_->Latest("a").has_value());
}

TEST_F(ReplayWatchTest, AFailureIsNoAnswerAndItIsAskedAgain) {
  std::atomic<int> woken{0};
  Wait(100, woken);
  a_.Answer(WalPosition{1, 50});
  a_.Answer(absl::UnavailableError("gone"));
  ASSERT_TRUE(WaitFor("it is asked again", [&] { return a_.asked() == 3; }));
  EXPECT_FALSE(watch_->Latest("a").has_value()) << "nothing is known of it any more";

  a_.Answer(WalPosition{1, 100});
  ExpectWoken(woken, 1);
}

TEST_F(ReplayWatchTest, AnOldReadingDoesNotCountForWhoWantsANewOne) {
  std::atomic<int> woken{0};
  Wait(1, woken);
  ASSERT_TRUE(WaitFor("it is asked", [&] { return a_.asked() == 1; }));
  std::atomic<int> strict{0};
  Wait(1, strict, absl::Now());

  a_.Answer(WalPosition{1, 100});
  ExpectWoken(woken, 1);
  ASSERT_TRUE(WaitFor("it is asked again", [&] { return a_.asked() == 2; }));
  EXPECT_EQ(strict, 0);
  a_.Answer(WalPosition{1, 100});
  ExpectWoken(strict, 1);
}

TEST_F(ReplayWatchTest, ANewTopologyWakesAllAndAPlainProbeThoseWithoutAPosition) {
  std::atomic<int> at_probe{0};
  std::atomic<int> at_position{0};
  const auto wait = [&] {
    watch_->Wait({.position = std::nullopt}, [&] { ++at_probe; });
  };
  wait();
  Wait(100, at_position);

  Follow({"a"});
  EXPECT_EQ(at_probe, 1);
  EXPECT_EQ(at_position, 0);
  wait();
  Follow({"a", "b"});
  EXPECT_EQ(at_probe, 2);
  EXPECT_EQ(at_position, 1);
  Wait(100, at_position);
  Follow({"a", "b"}, /*timeline=*/2);
  EXPECT_EQ(at_position, 2);
}

TEST_F(ReplayWatchTest, WhatComesLateOfAnOldTopologyIsIgnored) {
  Follow({"a", "b"});
  watch_->Follow(1, {}, {});
  std::atomic<int> woken{0};
  Wait(100, woken);
  b_.Answer(WalPosition{1, 100});

  ExpectWoken(woken, 1);
}

TEST_F(ReplayWatchTest, OneThatIsNoReplicaAnyMoreIsNotAsked) {
  Follow({"b"});
  std::atomic<int> woken{0};
  Wait(100, woken);
  b_.Answer(WalPosition{1, 100});
  ExpectWoken(woken, 1);

  EXPECT_EQ(a_.asked(), 0);
  // And again.
  Follow({"a"});
  Wait(100, woken);
  a_.Answer(WalPosition{1, 100});
  ExpectWoken(woken, 2);
}

TEST_F(ReplayWatchTest, EndsWithAQuestionUnderWay) {
  std::atomic<int> woken{0};
  Wait(100, woken);
  ASSERT_TRUE(WaitFor("it is asked", [&] { return a_.asked() == 1; }));

  watch_.reset();

  EXPECT_EQ(woken, 0);
}

// From many threads, with waiters that give up: nobody is woken twice, or forgotten.
TEST_F(ReplayWatchTest, UnderContentionEveryWaiterIsWokenOnceOrCancelled) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  a_.AnswerAtOnce({1, 1'000'000});
  std::atomic<int> ends{0};
  std::atomic<int> twice{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        auto calls = std::make_shared<std::atomic<int>>(0);
        const uint64_t id = watch_->Wait(
            {.position = WalPosition{1, static_cast<uint64_t>(i)}}, [&, calls] {
              if (++*calls > 1) ++twice;
            });
        if ((i + t) % 3 == 0) {
          watch_->Cancel(id);
          ++ends;
        } else if (WaitFor("it is woken", [&] { return *calls > 0; })) {
          ++ends;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ends, kThreads * kEach);
  EXPECT_EQ(twice, 0);
  EXPECT_EQ(watch_->waiting(), 0u);
}

}  // namespace
}  // namespace pgsluice
