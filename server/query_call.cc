#include "server/query_call.h"

#include "server/admitted_statement.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/row_encoder.h"
#include "server/single_write.h"
#include "server/statement_run.h"
#include "server/write_tokens.h"

namespace pgsluice {

namespace {

asio::awaitable<absl::Status> RunQuery(QueryCall& call,
                                       const CallEnvironment& environment,
                                       v1::QueryResponse& response) {
  const v1::QueryRequest& request = call.request;
  absl::StatusOr<AdmittedStatement> admitted =
      AdmitStatement(request.statement(), request.options(), environment, call);
  if (!admitted.ok()) co_return admitted.status();
  const CallOptions& options = admitted->options;
  if (IsSingleWrite(call, options)) {
    co_return co_await RunSingleWrite(call, environment, *admitted, response);
  }

  call.LimitTime(environment.limits.default_deadline, environment.limits.max_deadline);
  StatementTimer timer(call, options.statement_timeout);
  QueryRows rows(request.encoding(), options.result, response);
  StatementRun run(call, environment, *admitted, options.phase());
  absl::StatusOr<Fetched> fetched;
  do {
    // Drops the rows of an attempt before.
    fetched = co_await run.Start(rows);
    while (fetched.ok() && !fetched->is_complete) fetched = co_await run.Fetch(rows);
  } while (!fetched.ok() && run.ShallStartAgain(fetched.status()));
  if (fetched.ok()) {
    CommandToProto(fetched->result, response);
    response.set_token(TokenOf(environment, fetched->result.position));
  }
  const absl::Status status = fetched.status();
  // The session is free before the answer travels.
  run.End();
  run.Report("Query", {.rows = response.row_count(), .bytes = rows.bytes()}, status);
  if (options.wants_report) {
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
