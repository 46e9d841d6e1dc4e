#include "server/statement_report.h"

#include <utility>

#include "server/call_trace.h"

namespace pgsluice {

namespace {

CallOrigin OriginOf(CallBase& call) {
  TraceNames trace = TraceNamesOf(call);
  return {.name = call.caller_name(),
          .caller = call.context().peer(),
          .trace_id = std::move(trace.trace_id),
          .span_id = std::move(trace.span_id)};
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
                                 .name = report.name,
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
