// A statement that Query or StreamQuery may run: checked, converted, and admitted.
#pragma once

#include "absl/status/statusor.h"

#include "pgsluice/v1/query.pb.h"
#include "server/admission.h"
#include "server/call_base.h"
#include "server/call_environment.h"
#include "server/call_options.h"
#include "server/statement_source.h"

namespace pgsluice {

struct AdmittedStatement {
  Statement statement;
  CallOptions options;  // With the statement's own limits.
  StatementTerms terms;
  std::string_view name;     // The request's; empty: it has sent SQL.
  Admission::Ticket ticket;  // Counts the call until it goes.
};

absl::StatusOr<AdmittedStatement> AdmitStatement(const v1::Statement& statement,
                                                 const v1::RequestOptions& options,
                                                 const CallEnvironment& environment,
                                                 const CallBase& call);

}  // namespace pgsluice
