#include "pool/sample_history.h"

#include <algorithm>
#include <random>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

Sample At(int second, size_t active, absl::Duration response_time) {
  Sample sample;
  sample.at = kStart + absl::Seconds(second);
  sample.active = active;
  sample.response_time = response_time;
  return sample;
}

Sample Failed(int second) {
  Sample sample;
  sample.at = kStart + absl::Seconds(second);
  sample.error = "connection refused";
  return sample;
}

TEST(SampleHistoryTest, IsEmptyAtFirst) {
  const SampleHistory history(3);

  EXPECT_EQ(history.error_rate(), 0);
  EXPECT_TRUE(history.Latest(5).empty());
  EXPECT_EQ(Summarize(history.samples()).samples, 0U);
}

TEST(SampleHistoryTest, ForgetsTheOldest) {
  SampleHistory history(3);
  for (int i = 0; i < 5; ++i) history.Add(At(i, 0, absl::Milliseconds(1)));

  const std::vector<Sample> latest = history.Latest(2);
  EXPECT_EQ(history.samples().size(), 3U);
  EXPECT_EQ(history.samples().front().at, kStart + absl::Seconds(2));
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest.front().at, kStart + absl::Seconds(3));
  EXPECT_EQ(latest.back().at, kStart + absl::Seconds(4));
  EXPECT_EQ(history.Latest(100).size(), 3U);
}

TEST(SampleHistoryTest, SummarizesCountsOverAllAndResponseTimesOverValidSamples) {
  SampleHistory history(10);
  history.Add(At(0, 1, absl::Milliseconds(10)));
  history.Add(At(1, 5, absl::Milliseconds(30)));
  history.Add(Failed(2));
  history.Add(At(3, 2, absl::Milliseconds(20)));

  const SampleSummary summary = Summarize(history.samples());

  EXPECT_EQ(summary.samples, 4U);
  EXPECT_EQ(summary.valid, 3U);
  EXPECT_DOUBLE_EQ(summary.error_rate, 0.25);
  EXPECT_EQ(summary.oldest, kStart);
  EXPECT_DOUBLE_EQ(summary.active.average, 2);
  EXPECT_EQ(summary.active.min, 0U);
  EXPECT_EQ(summary.active.max, 5U);
  EXPECT_EQ(summary.response_time.average, absl::Milliseconds(20));
  EXPECT_EQ(summary.response_time.min, absl::Milliseconds(10));
  EXPECT_EQ(summary.response_time.max, absl::Milliseconds(30));
  EXPECT_GE(summary.response_time.p50, absl::Milliseconds(20));
  EXPECT_LE(summary.response_time.p50, absl::Microseconds(21250));
  EXPECT_EQ(summary.response_time.p99, absl::Milliseconds(30));
}

TEST(SampleHistoryTest, HasNoResponseTimeWhenAllFailed) {
  SampleHistory history(2);
  history.Add(Failed(0));

  const SampleSummary summary = Summarize(history.samples());

  EXPECT_EQ(summary.valid, 0U);
  EXPECT_DOUBLE_EQ(summary.error_rate, 1);
  EXPECT_EQ(summary.response_time.min, absl::ZeroDuration());
  EXPECT_EQ(summary.response_time.average, absl::ZeroDuration());
}

// What is kept in passing agrees with what a look at all samples says.
TEST(SampleHistoryTest, AgreesWithItselfOnRandomWalks) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const size_t capacity = 1 + random() % 20;
    SampleHistory history(capacity);
    for (int step = 1; step <= 200; ++step) {
      history.Add(random() % 3 == 0 ? Failed(step)
                                    : At(step, random() % 9, absl::Milliseconds(1)));

      const SampleSummary summary = Summarize(history.samples());
      ASSERT_EQ(summary.samples, std::min<size_t>(capacity, step));
      ASSERT_DOUBLE_EQ(summary.error_rate, history.error_rate());
      ASSERT_EQ(summary.samples - summary.valid, history.failures());
      ASSERT_LE(static_cast<double>(summary.active.min), summary.active.average);
      ASSERT_GE(static_cast<double>(summary.active.max), summary.active.average);
    }
  }
}

}  // namespace
}  // namespace pgsluice
