#include "server/statement_stats.h"

#include <utility>

#include "server/sql_normalizer.h"

namespace pgsluice {

namespace {

// 1000 rows of them make a message that gRPC clients take by default.
constexpr size_t kMaxSqlBytes = 1024;
// Together at most 4 MiB a shard.
constexpr size_t kCachedTexts = 1024;
constexpr size_t kMaxCachedTextBytes = 4096;

}  // namespace

StatementStats::PerShard::PerShard(size_t max_tracked)
    : fingerprints(kCachedTexts, kMaxCachedTextBytes), table(max_tracked) {}

StatementStats::StatementStats(size_t shards, size_t max_tracked, absl::Time now)
    : max_tracked_(max_tracked), since_(now) {
  for (size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<PerShard>(max_tracked));
  }
}

void StatementStats::Record(int shard, std::string_view sql, Role role,
                            const StatementSample& sample) {
  if (max_tracked_ == 0) return;
  PerShard& own = *shards_[static_cast<size_t>(shard)];
  const StatementKey key = {own.fingerprints.FingerprintOf(sql), role};
  {
    absl::MutexLock lock(&own.mutex);
    if (own.table.Record(key, sample)) return;
  }
  std::string normalized = NormalizeSql(sql, kMaxSqlBytes);
  absl::MutexLock lock(&own.mutex);
  own.table.Add(key, std::move(normalized), sample);
}

StatementStats::Reading StatementStats::Read(AfterReading after, absl::Time now) {
  Reading reading = {StatementTable(max_tracked_), now};
  {
    absl::MutexLock lock(&mutex_);
    reading.since = since_;
    if (after == AfterReading::kBeginAnew) since_ = now;
  }
  for (auto& owned : shards_) {
    PerShard& shard = *owned;
    StatementTable table(max_tracked_);
    {
      absl::MutexLock lock(&shard.mutex);
      if (after == AfterReading::kBeginAnew) {
        std::swap(table, shard.table);
      } else {
        table = shard.table;
      }
    }
    reading.table.Merge(table);
  }
  return reading;
}

}  // namespace pgsluice
