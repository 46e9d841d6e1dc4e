#include "server/transaction_machine.h"

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

std::string_view RequestName(TransactionMachine::Request request) {
  using Request = TransactionMachine::Request;
  switch (request) {
    case Request::kBegin: return "begin";
    case Request::kExecute: return "execute";
    case Request::kQuery: return "query";
    case Request::kSavepoint: return "savepoint";
    case Request::kRollbackTo: return "rollback_to";
    case Request::kRelease: return "release";
    case Request::kCommit: return "commit";
    case Request::kRollback: return "rollback";
  }
  return "";
}

TransactionMachine::Decision TransactionMachine::OnRequest(Request request,
                                                           uint64_t seq) {
  if (!MayFollow(seq)) {
    return {Step::kBreakStream,
            TransactionMisuse(StrCat("seq must rise: got ", seq, " after ", last_seq_))};
  }
  if (seq != 0) last_seq_ = seq;

  switch (state_) {
    case State::kAwaitingBegin:
      if (request == Request::kBegin) return {Step::kBegin, {}};
      return {Step::kBreakStream,
              TransactionMisuse(
                  StrCat("the first request must be begin, not ", RequestName(request)))};
    case State::kActive:
      switch (request) {
        case Request::kBegin:
          return {Step::kRefuse,
                  TransactionMisuse("the transaction has begun already; use savepoint")};
        case Request::kExecute:
        case Request::kQuery:
        case Request::kSavepoint:
        case Request::kRollbackTo:
        case Request::kRelease: return {Step::kRunStatement, {}};
        case Request::kCommit: return {Step::kCommit, {}};
        case Request::kRollback: return {Step::kRollback, {}};
      }
      break;
    case State::kFailed:
      switch (request) {
        case Request::kBegin:
          return {Step::kRefuse,
                  TransactionMisuse("the transaction has begun already, and failed")};
        case Request::kExecute:
        case Request::kQuery:
        case Request::kSavepoint:
        case Request::kRelease: return {Step::kSkip, {}};
        case Request::kRollbackTo: return {Step::kRunStatement, {}};
        case Request::kCommit: return {Step::kRollbackFailed, {}};
        case Request::kRollback: return {Step::kRollback, {}};
      }
      break;
    case State::kEnded:
      return {Step::kBreakStream, TransactionMisuse("the transaction has ended")};
  }
  return {Step::kBreakStream, Internal("unknown request")};
}

void TransactionMachine::OnStatementEnd(bool is_transaction_good) {
  if (state_ == State::kEnded) return;
  state_ = is_transaction_good ? State::kActive : State::kFailed;
}

}  // namespace pgsluice
