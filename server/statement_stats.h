// Which statements pass through the gateway, and what they cost: a table for each shard,
// put together when somebody looks. Thread-safe.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/fingerprint_cache.h"
#include "server/statement_table.h"

namespace pgsluice {

enum class AfterReading { kGoOn, kBeginAnew };

class StatementStats final {
 public:
  // `max_tracked` for each shard; 0: no statistics.
  StatementStats(size_t shards, size_t max_tracked, absl::Time now);
  StatementStats(const StatementStats&) = delete;
  StatementStats& operator=(const StatementStats&) = delete;

  // On the thread of that shard.
  void Record(int shard, std::string_view sql, Role role, const StatementSample& sample);

  struct Reading {
    StatementTable table;  // Of all shards.
    absl::Time since;
  };
  Reading Read(AfterReading after, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct PerShard {
    explicit PerShard(size_t max_tracked);

    FingerprintCache fingerprints;  // The shard's own.
    absl::Mutex mutex;              // Nobody else takes it but a reader, now and then.
    StatementTable table ABSL_GUARDED_BY(mutex);
  };

  const size_t max_tracked_;
  std::vector<std::unique_ptr<PerShard>> shards_;

  absl::Mutex mutex_;
  absl::Time since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
