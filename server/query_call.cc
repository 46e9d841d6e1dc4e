#include "server/query_call.h"

#include "server/call_options.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/row_encoder.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

asio::awaitable<absl::Status> RunQuery(QueryCall& call,
                                       const CallEnvironment& environment,
                                       v1::QueryResponse& response) {
  const v1::QueryRequest& request = call.request;
  absl::StatusOr<Statement> statement =
      StatementFromProto(request.statement(), environment.limits.statement);
  if (!statement.ok()) co_return statement.status();
  absl::StatusOr<CallOptions> options =
      CallOptionsFromProto(request.options(), environment.limits.result,
                           environment.cluster.options().read_fallback);
  if (!options.ok()) co_return options.status();
  absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) co_return ticket.status();

  call.LimitTime(environment.limits.default_deadline, environment.limits.max_deadline);
  StatementTimer timer(call, options->statement_timeout);
  QueryRows rows(request.encoding(), options->result, response);
  StatementRun run(call, environment, *statement, *options);
  absl::StatusOr<Fetched> fetched = co_await run.Start(rows);
  while (fetched.ok() && !fetched->is_complete) fetched = co_await run.Fetch(rows);
  if (fetched.ok()) CommandToProto(fetched->result, response);
  const absl::Status status = fetched.status();
  // The session is free before the answer travels.
  run.End();
  run.Report("Query", response.row_count(), status);
  if (options->wants_report) {
    run.FillRoute(*response.mutable_route());
    run.FillTiming(*response.mutable_timing());
  }
  co_return status;
}

}  // namespace

asio::awaitable<void> ServeQuery(std::shared_ptr<QueryCall> call,
                                 const CallEnvironment& environment) {
  v1::QueryResponse response;
  const absl::Status status = co_await RunQuery(*call, environment, response);
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
