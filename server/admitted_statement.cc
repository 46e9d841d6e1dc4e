#include "server/admitted_statement.h"

#include <utility>

#include "server/caller_intent.h"

namespace pgsluice {

absl::StatusOr<AdmittedStatement> AdmitStatement(const v1::Statement& statement,
                                                 const v1::RequestOptions& options,
                                                 const CallEnvironment& environment,
                                                 const CallBase& call) {
  absl::StatusOr<Statement> checked =
      StatementFromProto(statement, environment.limits.statement);
  if (!checked.ok()) return checked.status();
  absl::StatusOr<CallOptions> call_options = CallOptionsFromProto(
      options, environment.limits.result, environment.limits.read_fallback);
  if (!call_options.ok()) return call_options.status();
  absl::Status intent = CheckIntent(*call_options, environment.limits, call);
  if (!intent.ok()) return intent;
  absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) return ticket.status();
  return AdmittedStatement{.statement = *std::move(checked),
                           .options = *std::move(call_options),
                           .ticket = *std::move(ticket)};
}

}  // namespace pgsluice
