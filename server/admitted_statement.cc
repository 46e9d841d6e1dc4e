#include "server/admitted_statement.h"

#include <utility>

#include "server/call_source.h"
#include "server/caller_intent.h"

namespace pgsluice {

absl::StatusOr<AdmittedStatement> AdmitStatement(const v1::Statement& statement,
                                                 const v1::RequestOptions& options,
                                                 const CallEnvironment& environment,
                                                 const CallBase& call) {
  absl::StatusOr<SourcedStatement> sourced =
      SourceStatement(statement, SourceOf(environment, call));
  if (!sourced.ok()) return sourced.status();
  const StatementTerms& terms = sourced->terms;
  absl::Status asked = CheckAskedIntent(terms, options.intent());
  if (!asked.ok()) return asked;
  absl::StatusOr<CallOptions> call_options = CallOptionsFromProto(
      options, environment.limits.result, environment.limits.read_fallback,
      terms.intent.value_or(Intent::kWrite));
  if (!call_options.ok()) return call_options.status();
  call_options->result = Narrow(call_options->result, terms);
  call_options->statement_timeout = Narrow(call_options->statement_timeout, terms);
  absl::Status intent = CheckIntent(*call_options, environment.limits, call);
  if (!intent.ok()) return intent;
  absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) return ticket.status();
  return AdmittedStatement{.statement = std::move(sourced->statement),
                           .options = *std::move(call_options),
                           .terms = sourced->terms,
                           .name = statement.name(),
                           .ticket = *std::move(ticket)};
}

}  // namespace pgsluice
