#include "server/idempotent_query.h"

#include <utility>

#include "pool/error_idempotency.h"
#include "pool/str_cat.h"
#include "server/batch_run.h"
#include "server/idempotency_digest.h"
#include "server/keyed_write.h"
#include "server/statement_run.h"
#include "server/transaction_sql.h"

namespace pgsluice {

namespace {

// "cannot run inside a transaction block".
constexpr std::string_view kInTransaction = "25001";

absl::Status Explained(const absl::Status& error) {
  const auto details = DetailsOf(error);
  const bool is_in_transaction = details.has_value() && details->postgres.has_value() &&
                                 details->postgres->sqlstate == kInTransaction;
  if (!is_in_transaction) return error;
  return MakeError(error.code(),
                   StrCat(std::string(error.message()),
                          "; with an idempotency_key it has to: send it without"),
                   *details);
}

BatchProgram ProgramOf(const Statement& statement) {
  BatchProgram program;
  program.is_query = true;
  program.steps.emplace_back().statement = statement;
  return program;
}

// Deadlines and the like apply already.
asio::awaitable<absl::Status> RunWithKey(QueryCall& call,
                                         const CallEnvironment& environment,
                                         const AdmittedStatement& admitted,
                                         v1::QueryResponse& response) {
  absl::Status can_keep = co_await AwaitKeys(call, environment);
  if (!can_keep.ok()) co_return can_keep;
  const CallOptions& options = admitted.options;
  const absl::StatusOr<Statement> begin = BeginStatement(v1::Begin());
  if (!begin.ok()) co_return begin.status();
  BatchProgram program = ProgramOf(admitted.statement);
  v1::BatchRequest request;
  request.set_encoding(call.request.encoding());
  KeyedWrite key(environment, *options.idempotency_key,
                 DigestOf(program, v1::ISOLATION_UNSPECIFIED, call.request.encoding()));
  v1::BatchResponse answer;
  BatchRun run(call, environment, request, options, program, *begin, answer, &key);
  absl::Status status = co_await run.Run();
  if (status.ok()) {
    if (answer.results_size() != 1) co_return OutcomeUnreadable("it is not a query's");
    response = std::move(*answer.mutable_results(0)->mutable_result());
    response.set_replayed(answer.replayed());
  }
  if (options.wants_report) {
    run.FillReport(answer);
    response.mutable_route()->Swap(answer.mutable_route());
    response.mutable_timing()->Swap(answer.mutable_timing());
  }
  co_return status;
}

}  // namespace

asio::awaitable<absl::Status> RunIdempotentQuery(QueryCall& call,
                                                 const CallEnvironment& environment,
                                                 const AdmittedStatement& admitted,
                                                 v1::QueryResponse& response) {
  call.LimitTime(environment.limits.default_deadline, environment.limits.max_deadline);
  StatementTimer timer(call, admitted.options.statement_timeout);
  const absl::Status status = co_await RunWithKey(call, environment, admitted, response);
  co_return WithKey(Explained(status), RetryScope::kStatement);
}

}  // namespace pgsluice
