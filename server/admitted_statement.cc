#include "server/admitted_statement.h"

#include <utility>

namespace pgsluice {

absl::StatusOr<AdmittedStatement> AdmitStatement(const v1::Statement& statement,
                                                 const v1::RequestOptions& options,
                                                 const CallEnvironment& environment) {
  absl::StatusOr<Statement> checked =
      StatementFromProto(statement, environment.limits.statement);
  if (!checked.ok()) return checked.status();
  absl::StatusOr<CallOptions> call_options = CallOptionsFromProto(
      options, environment.limits.result, environment.limits.read_fallback);
  if (!call_options.ok()) return call_options.status();
  absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) return ticket.status();
  return AdmittedStatement{.statement = *std::move(checked),
                           .options = *std::move(call_options),
                           .ticket = *std::move(ticket)};
}

}  // namespace pgsluice
