#include "server/top_statements_call.h"

#include <algorithm>
#include <optional>

#include "absl/time/clock.h"

#include "server/convert/role.h"
#include "server/convert/times.h"
#include "server/sql_fingerprint.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

constexpr uint32_t kDefaultLimit = 20;
constexpr uint32_t kMaxLimit = 1000;
constexpr double kP50 = 0.5;
constexpr double kP99 = 0.99;

std::optional<StatementOrder> OrderOf(v1::StatementOrder order) {
  switch (order) {
    case v1::STATEMENT_ORDER_UNSPECIFIED:
    case v1::STATEMENT_ORDER_TOTAL_TIME: return StatementOrder::kTotal;
    case v1::STATEMENT_ORDER_MEAN_TIME: return StatementOrder::kMean;
    case v1::STATEMENT_ORDER_P99_TIME: return StatementOrder::kP99;
    case v1::STATEMENT_ORDER_CALLS: return StatementOrder::kCalls;
    case v1::STATEMENT_ORDER_ROWS: return StatementOrder::kRows;
    default: return std::nullopt;
  }
}

void RowToProto(const StatementRow& row, absl::Time now, v1::StatementStats& proto) {
  proto.set_fingerprint(FingerprintText(row.key.fingerprint));
  proto.set_sql(row.sql);
  proto.set_name(row.name);
  proto.set_role(ToProto(row.key.role));
  proto.set_calls(row.calls);
  proto.set_errors(row.errors);
  proto.set_rows(row.rows);
  *proto.mutable_total_time() = ToProto(row.total);
  *proto.mutable_mean_time() = ToProto(row.Mean());
  *proto.mutable_min_time() = ToProto(row.min);
  *proto.mutable_max_time() = ToProto(row.max);
  *proto.mutable_p50_time() = ToProto(row.Quantile(kP50));
  *proto.mutable_p99_time() = ToProto(row.Quantile(kP99));
  *proto.mutable_queue_time() = ToProto(row.queued);
  *proto.mutable_execute_time() = ToProto(row.execute);
  *proto.mutable_stream_time() = ToProto(row.stream);
  *proto.mutable_last_seen_age() = ToProto(now - row.last_seen);
  proto.set_last_tag(row.last_tag);
}

absl::Status FillTop(const v1::TopStatementsRequest& request, StatementStats& statements,
                     v1::TopStatementsResponse& response) {
  const std::optional<StatementOrder> order = OrderOf(request.order_by());
  if (!order.has_value()) {
    return InvalidRequest("order_by", "is not an order that this server knows");
  }
  const uint32_t limit =
      request.limit() == 0 ? kDefaultLimit : std::min(request.limit(), kMaxLimit);
  const absl::Time now = absl::Now();
  const StatementStats::Reading reading = statements.Read(
      request.reset() ? AfterReading::kBeginAnew : AfterReading::kGoOn, now);
  for (const StatementRow& row : TopRows(reading.table.Rows(), *order, limit)) {
    RowToProto(row, now, *response.add_statements());
  }
  *response.mutable_age() = ToProto(now - reading.since);
  response.set_tracked(reading.table.size());
  response.set_evicted(reading.table.evicted());
  response.set_calls(reading.table.calls());
  *response.mutable_total_time() = ToProto(reading.table.total());
  return absl::OkStatus();
}

}  // namespace

asio::awaitable<void> ServeTopStatements(std::shared_ptr<TopStatementsCall> call,
                                         const CallEnvironment& environment) {
  v1::TopStatementsResponse response;
  const absl::Status status = FillTop(call->request, environment.statements, response);
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
