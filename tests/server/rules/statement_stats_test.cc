#include "server/statement_stats.h"

#include <thread>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

StatementSample Sample() {
  return {.queued = absl::ZeroDuration(),
          .execute = absl::Milliseconds(1),
          .stream = absl::ZeroDuration(),
          .rows = 2,
          .ended = kStart};
}

TEST(StatementStatsTest, PutsTheShardsTogether) {
  StatementStats stats(2, 10, kStart);
  stats.Record(0, "SELECT a FROM t WHERE b = 1", Role::kPrimary, Sample());
  stats.Record(1, "select a from t where b = 2", Role::kPrimary, Sample());
  stats.Record(1, "SELECT other", Role::kPrimary, Sample());

  const auto reading = stats.Read(AfterReading::kGoOn, kStart + absl::Seconds(1));

  EXPECT_EQ(reading.since, kStart);
  EXPECT_EQ(reading.table.size(), 2U);
  EXPECT_EQ(reading.table.calls(), 3U);
  const auto top = TopRows(reading.table.Rows(), StatementOrder::kCalls, 1);
  EXPECT_EQ(top.front().calls, 2U);
  EXPECT_EQ(top.front().rows, 4U);
  EXPECT_EQ(top.front().sql, "SELECT a FROM t WHERE b = ?") << "as first seen";
}

TEST(StatementStatsTest, BeginsAnewWhenTold) {
  StatementStats stats(1, 10, kStart);
  stats.Record(0, "SELECT 1", Role::kPrimary, Sample());

  const auto before = stats.Read(AfterReading::kBeginAnew, kStart + absl::Seconds(1));
  const auto after = stats.Read(AfterReading::kGoOn, kStart + absl::Seconds(3));
  stats.Record(0, "SELECT 1", Role::kPrimary, Sample());
  const auto again = stats.Read(AfterReading::kGoOn, kStart + absl::Seconds(3));

  EXPECT_EQ(before.table.calls(), 1U);
  EXPECT_EQ(after.table.size(), 0U);
  EXPECT_EQ(after.table.calls(), 0U);
  EXPECT_EQ(after.since, kStart + absl::Seconds(1));
  ASSERT_EQ(again.table.size(), 1U);
  EXPECT_EQ(again.table.Rows().front().sql, "SELECT ?");
}

TEST(StatementStatsTest, CountsNothingWithoutRoom) {
  StatementStats stats(1, 0, kStart);
  stats.Record(0, "SELECT 1", Role::kPrimary, Sample());

  EXPECT_EQ(stats.Read(AfterReading::kGoOn, kStart).table.calls(), 0U);
}

TEST(StatementStatsTest, LosesNothingWhileItIsRead) {
  constexpr int kShards = 3;
  constexpr int kCalls = 20'000;
  StatementStats stats(kShards, 10, kStart);
  std::vector<std::thread> threads;
  for (int shard = 0; shard < kShards; ++shard) {
    threads.emplace_back([&stats, shard] {
      for (int i = 0; i < kCalls; ++i) {
        stats.Record(shard, i % 2 == 0 ? "SELECT a" : "SELECT b", Role::kReplica,
                     Sample());
      }
    });
  }
  uint64_t read = 0;
  for (int i = 0; i < 100; ++i) {
    read += stats.Read(AfterReading::kBeginAnew, kStart).table.calls();
  }
  for (std::thread& thread : threads) thread.join();
  read += stats.Read(AfterReading::kBeginAnew, kStart).table.calls();

  EXPECT_EQ(read, static_cast<uint64_t>(kShards) * kCalls);
}

}  // namespace
}  // namespace pgsluice
