#include "server/single_write.h"

#include <optional>
#include <utility>

#include "pool/error_idempotency.h"
#include "server/batch_run.h"
#include "server/idempotency_digest.h"
#include "server/keyed_write.h"
#include "server/statement_run.h"
#include "server/transaction_sql.h"
#include "server/why_in_transaction.h"

namespace pgsluice {

namespace {

// Deadlines and the like apply already.
asio::awaitable<absl::Status> RunInTransaction(QueryCall& call,
                                               const CallEnvironment& environment,
                                               AdmittedStatement& admitted,
                                               v1::QueryResponse& response) {
  const CallOptions& options = admitted.options;
  const absl::StatusOr<Statement> begin = BeginStatement(v1::Begin());
  if (!begin.ok()) co_return begin.status();
  BatchProgram program;
  program.is_query = true;
  BatchStepPlan& step = program.steps.emplace_back();
  step.statement = std::move(admitted.statement);
  step.name = admitted.name;
  v1::BatchRequest request;
  request.set_encoding(call.request.encoding());
  std::optional<KeyedWrite> key;
  if (options.idempotency_key.has_value()) {
    absl::Status can_keep = co_await AwaitKeys(call, environment);
    if (!can_keep.ok()) co_return can_keep;
    key.emplace(environment, *options.idempotency_key,
                DigestOf(program, v1::ISOLATION_UNSPECIFIED, call.request.encoding(),
                         call.settings()));
  }
  v1::BatchResponse answer;
  BatchRun run(call, environment, request, options, program, *begin, answer,
               key.has_value() ? &*key : nullptr);
  absl::Status status = co_await run.Run();
  if (status.ok()) {
    if (answer.results_size() != 1) co_return OutcomeUnreadable("it is not a query's");
    response = std::move(*answer.mutable_results(0)->mutable_result());
    response.set_replayed(answer.replayed());
    response.set_token(std::move(*answer.mutable_token()));
  }
  if (options.wants_report) {
    run.FillReport(answer);
    response.mutable_route()->Swap(answer.mutable_route());
    response.mutable_timing()->Swap(answer.mutable_timing());
  }
  co_return status;
}

}  // namespace

bool IsSingleWrite(const CallBase& call, const CallOptions& options) {
  const bool has_settings =
      call.settings() != nullptr && options.phase() == Phase::kAutocommit;
  return options.idempotency_key.has_value() || options.resolves_commit || has_settings;
}

asio::awaitable<absl::Status> RunSingleWrite(QueryCall& call,
                                             const CallEnvironment& environment,
                                             AdmittedStatement& admitted,
                                             v1::QueryResponse& response) {
  call.LimitTime(environment.limits.default_deadline, environment.limits.max_deadline);
  StatementTimer timer(call, admitted.options.statement_timeout);
  const absl::Status status =
      co_await RunInTransaction(call, environment, admitted, response);
  if (!admitted.options.idempotency_key.has_value()) {
    co_return WithWhyInTransaction(status,
                                   admitted.options.resolves_commit
                                       ? "resolve_commit it has to: send it without"
                                       : kForSettings);
  }
  co_return WithKey(
      WithWhyInTransaction(status, "an idempotency_key it has to: send it without"),
      RetryScope::kStatement);
}

}  // namespace pgsluice
