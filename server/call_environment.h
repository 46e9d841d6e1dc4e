// What every call needs of the server: values, and references to things that outlive all
// calls. Confined to one shard.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

#include "pgsluice/config/v1/config.pb.h"
#include "pool/cluster.h"
#include "pool/commit_resolver.h"
#include "pool/idempotency_keeper.h"
#include "pool/options.h"
#include "pool/read_resend.h"
#include "server/admission.h"
#include "server/caller.h"
#include "server/convert/row_encoder.h"
#include "server/convert/statement_from_proto.h"
#include "server/convert/status.h"
#include "server/metrics/shard_metrics.h"
#include "server/read_resends.h"
#include "server/slow_query_log.h"
#include "server/statement_book.h"
#include "server/statement_source.h"
#include "server/statement_stats.h"

namespace pgsluice {

struct CallLimits {
  Fairness fairness;
  StatementLimits statement;
  ResultLimits result;
  absl::Duration default_deadline;
  absl::Duration max_deadline;
  absl::Duration max_stream_duration;
  absl::Duration max_transaction_duration;
  absl::Duration transaction_idle_timeout;
  absl::Duration transaction_warning;
  size_t transaction_window = 1;
  absl::Duration stream_stall_timeout;
  size_t stream_message_bytes = 0;
  size_t max_batch_steps = 0;
  bool resolve_commits = true;
  size_t max_outcome_bytes = 0;
  ReadFallback read_fallback = ReadFallback::kPrimary;
  ResendOptions read_resend;
  bool write_tokens = true;
  // Of a caller that may only read.
  bool read_only = false;
  StatementRights rights = {};
  std::string login = {};  // Whose sessions serve it; empty: the endpoints' own.

  bool operator==(const CallLimits&) const = default;
};

// Each shard has one of its own: a reload replaces limits, thresholds and options on the
// shard, between two steps of its calls.
struct CallEnvironment {
  Cluster& cluster;
  Admission& admission;
  StatementStats& statements;
  ReadResends& resends;
  CommitResolver& resolver;
  ShardMetrics& metrics;    // The shard's own.
  IdempotencyKeeper* keys;  // Null: the gateway keeps none.
  CallLimits limits;
  StatusOptions status;
  SlowQueryLog slow_queries;
  // Never null. Shared with the environments of callers.
  std::shared_ptr<const StatementBook> book;
  // An error blamed an endpoint: look at all of them at once.
  std::function<void()> nudge_prober;
};

}  // namespace pgsluice
