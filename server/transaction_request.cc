#include "server/transaction_request.h"

#include <utility>

#include "pool/error.h"
#include "server/transaction_sql.h"

namespace pgsluice {

bool HasRequest(const v1::TransactionRequest& request) {
  return request.request_case() != v1::TransactionRequest::REQUEST_NOT_SET;
}

TransactionMachine::Request KindOf(const v1::TransactionRequest& request) {
  using Request = TransactionMachine::Request;
  switch (request.request_case()) {
    case v1::TransactionRequest::kQuery: return Request::kQuery;
    case v1::TransactionRequest::kSavepoint: return Request::kSavepoint;
    case v1::TransactionRequest::kRollbackTo: return Request::kRollbackTo;
    case v1::TransactionRequest::kRelease: return Request::kRelease;
    case v1::TransactionRequest::kCommit: return Request::kCommit;
    case v1::TransactionRequest::kRollback: return Request::kRollback;
    case v1::TransactionRequest::kExecute:
    case v1::TransactionRequest::REQUEST_NOT_SET: break;
  }
  return Request::kExecute;
}

namespace {

absl::StatusOr<Statement> SavepointCommandOf(const v1::TransactionRequest& request) {
  switch (request.request_case()) {
    case v1::TransactionRequest::kSavepoint:
      return SavepointStatement(request.savepoint().name());
    case v1::TransactionRequest::kRollbackTo:
      return RollbackToStatement(request.rollback_to().name());
    case v1::TransactionRequest::kRelease:
      return ReleaseStatement(request.release().name());
    default: return Internal("a request without a statement");
  }
}

}  // namespace

absl::StatusOr<SourcedStatement> StatementOf(const v1::TransactionRequest& request,
                                             const StatementSource& source) {
  if (request.has_execute()) {
    return SourceStatement(request.execute().statement(), source);
  }
  if (request.has_query()) return SourceStatement(request.query().statement(), source);
  absl::StatusOr<Statement> command = SavepointCommandOf(request);
  if (!command.ok()) return command.status();
  return SourcedStatement{.statement = *std::move(command)};
}

}  // namespace pgsluice
