#include "server/metrics/shard_totals.h"

#include <thread>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(ShardTotals, AddUpAllShards) {
  std::vector<std::unique_ptr<ShardMetrics>> shards;
  for (int i = 0; i < 3; ++i) {
    ShardMetrics& shard = *shards.emplace_back(std::make_unique<ShardMetrics>());
    shard.rpcs.of(RpcMethod::kBatch).OnStarted();
    shard.rpcs.of(RpcMethod::kBatch).OnHandled(0, absl::Milliseconds(2));
    shard.statements.Count({.role = Role::kReplica,
                            .sql = "SELECT 1",
                            .execute = absl::Milliseconds(2),
                            .rows = 2,
                            .bytes = 30,
                            .status = absl::OkStatus()});
    shard.transactions.Count(TransactionKind::kBatch, TransactionOutcome::kCommitted,
                             absl::Seconds(1));
    shard.routes.Count({}, Role::kPrimary, "write");
    shard.idempotency_replays.Add();
  }

  const ShardTotals totals = AddUp(shards);

  const RpcTotals& batch = totals.rpcs[static_cast<size_t>(RpcMethod::kBatch)];
  EXPECT_EQ(batch.started, 3u);
  EXPECT_EQ(batch.handled[0], 3u);
  EXPECT_EQ(batch.time.count(), 3u);
  EXPECT_EQ(batch.time.sum_nanos, 6'000'000u);
  EXPECT_EQ(totals.statements[0].rows, 0u);
  EXPECT_EQ(totals.statements[1].rows, 6u);
  EXPECT_EQ(totals.statements[1].bytes, 90u);
  EXPECT_EQ(
      totals.statements[1].times[static_cast<size_t>(Operation::kSelect)].ok.count(), 3u);
  EXPECT_EQ(totals.transactions[1].ended[0], 3u);
  EXPECT_EQ(totals.routes[0][0][0], 3u);
  EXPECT_EQ(totals.idempotency_replays, 3u);
}

TEST(ShardTotals, PutDurationsIntoBucketsWithInclusiveBounds) {
  struct {
    absl::Duration duration;
    size_t bucket;
  } const kCases[] = {
      {-absl::Seconds(1), 0},        {absl::ZeroDuration(), 0},
      {absl::Microseconds(500), 0},  {absl::Microseconds(500) + absl::Nanoseconds(1), 1},
      {absl::Milliseconds(1), 1},    {absl::Seconds(1), 10},
      {absl::Seconds(60), 15},       {absl::Seconds(61), 16},
      {absl::InfiniteDuration(), 16}};
  for (const auto& c : kCases) {
    ShardHistogram live;
    DurationHistogram plain;
    live.Add(c.duration);
    plain.Add(c.duration);
    EXPECT_EQ(plain.counts[c.bucket], 1u) << c.duration;
    EXPECT_EQ(live.value(), plain) << c.duration;
  }
}

// A reader never sees a number fall, nor one that was never there.
TEST(ShardTotals, MayBeReadWhileTheShardCounts) {
  constexpr uint64_t kCalls = 200'000;
  ShardMetrics shard;
  std::thread writer([&shard] {
    RpcCounters& query = shard.rpcs.of(RpcMethod::kQuery);
    for (uint64_t i = 0; i < kCalls; ++i) {
      query.OnStarted();
      query.OnHandled(0, absl::Microseconds(10));
    }
  });
  uint64_t last = 0;
  while (last < kCalls) {
    const uint64_t now = shard.rpcs.of(RpcMethod::kQuery).started.value();
    ASSERT_GE(now, last);
    ASSERT_LE(now, kCalls);
    last = now;
  }
  writer.join();

  EXPECT_EQ(shard.rpcs.of(RpcMethod::kQuery).time.value().count(), kCalls);
}

}  // namespace
}  // namespace pgsluice
