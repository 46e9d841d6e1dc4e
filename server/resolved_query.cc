#include "server/resolved_query.h"

#include <utility>

#include "server/batch_run.h"
#include "server/statement_run.h"
#include "server/transaction_sql.h"

namespace pgsluice {

asio::awaitable<absl::Status> RunResolvedQuery(QueryCall& call,
                                               const CallEnvironment& environment,
                                               const AdmittedStatement& admitted,
                                               v1::QueryResponse& response) {
  v1::BatchRequest request;
  *request.mutable_options() = call.request.options();
  request.set_encoding(call.request.encoding());
  BatchProgram program;
  program.is_query = true;
  program.steps.emplace_back().statement = admitted.statement;
  absl::StatusOr<Statement> begin = BeginStatement({});
  if (!begin.ok()) co_return begin.status();

  StatementTimer timer(call, admitted.options.statement_timeout);
  v1::BatchResponse answered;
  BatchRun run(call, environment, request, admitted.options, program, *std::move(begin),
               answered, /*key=*/nullptr);
  const absl::Status status = co_await run.Run();
  if (status.ok()) response = std::move(*answered.mutable_results(0)->mutable_result());
  if (status.ok() && admitted.options.wants_report) {
    run.FillReport(answered);
    *response.mutable_route() = std::move(*answered.mutable_route());
    *response.mutable_timing() = std::move(*answered.mutable_timing());
  }
  co_return status;
}

}  // namespace pgsluice
