// What is told of a batch: to the statistics, and to a caller who asked for a report.
#include "server/batch_run.h"
#include "server/convert/route.h"
#include "server/convert/times.h"
#include "server/statement_report.h"
#include "server/statement_spans.h"
#include "server/write_tokens.h"

namespace pgsluice {

// The time of a flight is shared out evenly: PostgreSQL does not tell it apart.
void BatchRun::Report(size_t first, size_t last,
                      const std::vector<absl::StatusOr<CommandResult>>& results) {
  if (first == last) return;
  const auto count = static_cast<int64_t>(last - first);
  const absl::Time now = absl::Now();
  for (size_t i = first; i < last && i - first < results.size(); ++i) {
    ReportStatement(call_, environment_,
                    {.method = program_.is_query ? "Query" : "Batch",
                     .sql = program_.steps[i].statement.sql,
                     .name = program_.steps[i].name,
                     .endpoint = endpoint_,
                     .role = role_,
                     .tag = options_.tag,
                     .queued = queued_,
                     .execute = executed_ / count,
                     .stream = absl::ZeroDuration(),
                     .ended = now,
                     .rows = response_.results(static_cast<int>(i)).result().row_count(),
                     .bytes = rows_[i]->bytes(),
                     .status = results[i - first].status()});
  }
}

void BatchRun::TraceFlight(
    size_t first, size_t last, absl::Time begun,
    const std::vector<absl::StatusOr<CommandResult>>& results) const {
  if (call_.spans() == nullptr) return;
  // The last leg of an independent flight may be ours: see WantsTokens.
  const size_t ours = !program_.is_atomic && WantsTokens() ? 1 : 0;
  // What came behind the first failure was skipped.
  absl::Status status;
  for (size_t i = 0; i + ours < results.size(); ++i) status.Update(results[i].status());
  const bool is_single = last == first + 1;
  TraceExecution(call_,
                 {.sql = is_single ? program_.steps[first].statement.sql : "",
                  .name = is_single ? program_.steps[first].name : "",
                  .statements = last - first,
                  .endpoint = endpoint_,
                  .role = role_,
                  .tag = options_.tag,
                  .begun = begun,
                  .ended = absl::Now()},
                 status);
}

void BatchRun::CountTransaction(const absl::Status& status) const {
  if (!has_session_since_.has_value()) return;
  if (is_repeat_) {
    if (status.ok()) environment_.metrics.idempotency_replays.Add();
    return;
  }
  const TransactionOutcome outcome =
      status.ok() ? TransactionOutcome::kCommitted : OutcomeOfFailure(status);
  if (call_.audit() != nullptr) {
    call_.audit()->NoteTransaction(TransactionOutcomeName(outcome));
  }
  environment_.metrics.transactions.Count(TransactionKind::kBatch, outcome,
                                          absl::Now() - *has_session_since_);
}

bool BatchRun::WantsTokens() const {
  return environment_.limits.write_tokens && options_.route.intent == Intent::kWrite;
}

// Flights may have been served by several primaries: the latest is what counts.
void BatchRun::TakePosition(const std::optional<WalPosition>& position) {
  std::string token = TokenOf(environment_, position);
  if (token > response_.token()) response_.set_token(std::move(token));
}

// What was recorded is committed: the read of it finds a place behind it.
asio::awaitable<absl::Status> BatchRun::Replay() {
  absl::StatusOr<CommandResult> replayed =
      co_await key_->Replay(routed_.lease, call_.stop(), response_, WantsTokens());
  if (replayed.ok()) TakePosition(replayed->position);
  co_return replayed.status();
}

void BatchRun::FillReport(v1::BatchResponse& response) const {
  RouteToProto(endpoint_, role_, routed_.reason, routed_.sight,
               *response.mutable_route());
  *response.mutable_timing()->mutable_queued() = ToProto(queued_);
  if (freshness_wait_ > absl::ZeroDuration()) {
    *response.mutable_timing()->mutable_freshness_wait() = ToProto(freshness_wait_);
  }
  *response.mutable_timing()->mutable_execute() = ToProto(executed_);
}

}  // namespace pgsluice
