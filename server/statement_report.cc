#include "server/statement_report.h"

#include <string>

#include "server/trace_context.h"

namespace pgsluice {

namespace {

CallOrigin OriginOf(CallBase& call) {
  const grpc::ServerContext& context = call.context();
  CallOrigin origin{.name = call.caller_name(), .caller = context.peer(), .trace_id = {}};
  const auto [begin, end] = context.client_metadata().equal_range("traceparent");
  // Several are none: which one holds?
  if (begin != end && std::next(begin) == end) {
    const grpc::string_ref& header = begin->second;
    origin.trace_id = TraceIdOf({header.data(), header.size()});
  }
  return origin;
}

}  // namespace

void ReportStatement(CallBase& call, const CallEnvironment& environment,
                     const StatementReport& report) {
  environment.statements.Record(call.shard().index(), report.sql, report.role,
                                {.queued = report.queued,
                                 .execute = report.execute,
                                 .stream = report.stream,
                                 .rows = report.rows,
                                 .is_error = !report.status.ok(),
                                 .tag = report.tag,
                                 .ended = report.ended});
  environment.metrics.statements.Count({.role = report.role,
                                        .sql = report.sql,
                                        .execute = report.execute,
                                        .rows = report.rows,
                                        .bytes = report.bytes,
                                        .status = report.status});
  if (call.audit() != nullptr) call.audit()->NoteStatement(report);
  if (environment.slow_queries.IsSlow(report)) {
    environment.slow_queries.Write(report, OriginOf(call));
  }
}

}  // namespace pgsluice
