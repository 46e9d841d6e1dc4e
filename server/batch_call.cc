#include "server/batch_call.h"

#include <optional>

#include "pool/error_idempotency.h"
#include "server/batch_run.h"
#include "server/call_source.h"
#include "server/caller_intent.h"
#include "server/idempotency_digest.h"
#include "server/keyed_write.h"
#include "server/statement_run.h"
#include "server/transaction_sql.h"

namespace pgsluice {

namespace {

absl::StatusOr<Statement> BeginOf(const v1::BatchRequest& request, Intent intent) {
  v1::Begin begin;
  *begin.mutable_options() = request.options();
  if (intent == Intent::kRead) begin.mutable_options()->set_intent(v1::INTENT_READ);
  begin.set_isolation(request.isolation());
  return BeginStatement(begin);
}

asio::awaitable<absl::Status> RunBatch(BatchCall& call,
                                       const CallEnvironment& environment,
                                       v1::BatchResponse& response) {
  absl::StatusOr<BatchProgram> program =
      BatchFromProto(call.request, {.statement = SourceOf(environment, call),
                                    .max_steps = environment.limits.max_batch_steps});
  if (!program.ok()) co_return program.status();
  absl::StatusOr<CallOptions> options =
      CallOptionsFromProto(call.request.options(), environment.limits.result,
                           environment.limits.read_fallback, program->DefaultIntent());
  if (!options.ok()) co_return options.status();
  if (options->route.intent == Intent::kRead) {
    absl::Status reads = CheckMayRead(*program);
    if (!reads.ok()) co_return reads;
  }
  options->statement_timeout =
      Narrow(options->statement_timeout, {.max_duration = program->MaxDuration()});
  absl::Status intent = CheckIntent(*options, environment.limits, call);
  if (!intent.ok()) co_return intent;
  if (!program->is_atomic) {
    absl::Status keyless = RefuseKey(
        *options, "goes with an ATOMIC batch: give each INDEPENDENT statement a Query");
    if (!keyless.ok()) co_return keyless;
  }
  absl::StatusOr<Statement> begin = BeginOf(call.request, options->route.intent);
  if (!begin.ok()) co_return begin.status();
  const absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) co_return ticket.status();

  call.LimitTime(environment.limits.default_deadline, environment.limits.max_deadline);
  StatementTimer timer(call, options->statement_timeout);
  std::optional<KeyedWrite> key;
  if (options->idempotency_key.has_value()) {
    absl::Status can_keep = co_await AwaitKeys(call, environment);
    if (!can_keep.ok()) co_return WithKey(can_keep, RetryScope::kTransaction);
    key.emplace(environment, *options->idempotency_key,
                DigestOf(*program, call.request.isolation(), call.request.encoding(),
                         call.settings()));
  }
  BatchRun run(call, environment, call.request, *options, *program, *std::move(begin),
               response, key.has_value() ? &*key : nullptr);
  const absl::Status status = co_await run.Run();
  if (options->wants_report) run.FillReport(response);
  co_return key.has_value() ? WithKey(status, RetryScope::kTransaction) : status;
}

}  // namespace

asio::awaitable<void> ServeBatch(std::shared_ptr<BatchCall> call,
                                 const CallEnvironment& environment) {
  v1::BatchResponse response;
  const absl::Status status = co_await RunBatch(*call, environment, response);
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
