#include "server/statement_spans.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"

#include "pool/error.h"
#include "server/sql_characters.h"
#include "server/sql_fingerprint.h"
#include "server/sql_normalizer.h"
#include "server/tracing/dial_span.h"

namespace pgsluice {

namespace {

constexpr size_t kMaxSqlBytes = 2048;

// "SELECT", "WITH"; empty when it begins with something else.
std::string OperationOf(std::string_view normalized_sql) {
  std::string operation(normalized_sql.substr(0, SkipSqlWord(normalized_sql, 0)));
  absl::AsciiStrToUpper(&operation);
  return operation;
}

void SetStatement(std::string_view sql, Span& span) {
  const std::string normalized = NormalizeSql(sql);
  const std::string operation = OperationOf(normalized);
  span.SetIfAny("db.operation.name", operation);
  span.SetIfAny("db.query.summary", operation);
  const bool is_short = normalized.size() <= kMaxSqlBytes;
  span.Set("db.query.text", is_short ? normalized : NormalizeSql(sql, kMaxSqlBytes));
  span.Set("pgsluice.fingerprint", FingerprintText(FingerprintOf(normalized)));
}

int64_t Milliseconds(absl::Duration duration) {
  return absl::ToInt64Milliseconds(duration);
}

}  // namespace

void SetFailure(const absl::Status& status, Span& span) {
  if (status.ok()) return;
  span.status = SpanStatus::kError;
  const auto details = DetailsOf(status);
  if (!details.has_value()) return span.Set("error.type", "UNKNOWN");
  span.Set("error.type", details->reason);
  if (!details->postgres.has_value()) return;
  span.Set("db.response.status_code", details->postgres->sqlstate);
}

void TraceWait(CallBase& call, absl::Time asked, absl::Time now,
               const absl::StatusOr<RoutedLease>& routed) {
  if (call.spans() == nullptr) return;
  absl::Time begun = asked;
  if (routed.ok() && routed->freshness_wait > absl::ZeroDuration()) {
    begun = std::min(asked + routed->freshness_wait, now);
    call.spans()->Add({.name = "wait_for_replica", .begun = asked, .ended = begun});
  }
  Span queue{.name = "queue", .begun = begun, .ended = now};
  SetFailure(routed.status(), queue);
  if (routed.ok()) {
    queue.Set(kEndpointAttribute, routed->lease.endpoint());
    queue.Set("pgsluice.role", RoleName(routed->lease.role()));
    queue.SetIfAny("pgsluice.route_reason", routed->reason);
  }
  const SpanId id = call.spans()->Add(std::move(queue));
  if (!routed.ok()) return;
  auto dial =
      DialSpan({begun, now}, {routed->lease.dialled_at(), routed->lease.opened_at()});
  if (!dial.has_value()) return;
  dial->parent = id;
  dial->Set(kEndpointAttribute, routed->lease.endpoint());
  call.spans()->Add(*std::move(dial));
}

void TraceExecution(CallBase& call, const TracedExecution& execution,
                    const absl::Status& status) {
  if (call.spans() == nullptr) return;
  Span span{.name = "execute",
            .kind = SpanKind::kClient,
            .begun = execution.begun,
            .ended = execution.ended};
  span.Set("db.system", "postgresql");
  span.Set("db.system.name", "postgresql");
  span.Set(kEndpointAttribute, execution.endpoint);
  span.Set("pgsluice.role", RoleName(execution.role));
  if (!execution.sql.empty()) SetStatement(execution.sql, span);
  span.SetIfAny("pgsluice.statement", execution.name);
  if (execution.statements > 1) {
    span.Set("db.operation.batch.size", static_cast<int64_t>(execution.statements));
  }
  span.SetIfAny("pgsluice.tag", execution.tag);
  span.SetIfAny("db.response.returned_rows", static_cast<int64_t>(execution.rows));
  if (execution.attempt > 1) {
    span.Set("pgsluice.attempt", static_cast<int64_t>(execution.attempt));
  }
  const bool has_first =
      execution.first_rows >= execution.begun && execution.first_rows < execution.ended;
  if (has_first)
    span.events.push_back({.name = "first_rows", .at = execution.first_rows});
  SetFailure(status, span);
  call.spans()->Add(std::move(span));
}

void TraceStream(CallBase& call, absl::Time begun, absl::Time ended,
                 absl::Duration waited) {
  if (call.spans() == nullptr) return;
  Span span{.name = "stream", .begun = begun, .ended = ended};
  span.Set("pgsluice.waited_for_caller_ms", Milliseconds(waited));
  call.spans()->Add(std::move(span));
}

}  // namespace pgsluice
