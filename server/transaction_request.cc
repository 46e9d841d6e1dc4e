#include "server/transaction_request.h"

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

absl::StatusOr<Statement> StatementOf(const v1::TransactionRequest& request,
                                      const StatementLimits& limits) {
  switch (request.request_case()) {
    case v1::TransactionRequest::kExecute:
      return StatementFromProto(request.execute().statement(), limits);
    case v1::TransactionRequest::kQuery:
      return StatementFromProto(request.query().statement(), limits);
    case v1::TransactionRequest::kSavepoint:
      return SavepointStatement(request.savepoint().name());
    case v1::TransactionRequest::kRollbackTo:
      return RollbackToStatement(request.rollback_to().name());
    case v1::TransactionRequest::kRelease:
      return ReleaseStatement(request.release().name());
    default: return Internal("a request without a statement");
  }
}

}  // namespace pgsluice
