// The rules of a transaction stream: which request may come when, and what the end of
// each step makes of the transaction. Knows no gRPC and no PostgreSQL. Rules file.
//
//   awaiting_begin --begin--> active <--rollback_to-- failed
//                               |  \--statement fails-->^
//                               |                       |
//                commit/rollback/silence         rollback/commit/silence
//                               v                       v
//                             ended <-------------------
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace pgsluice {

class TransactionMachine final {
 public:
  enum class State {
    kAwaitingBegin,  // Nothing but begin is accepted.
    kActive,         // Open, nothing wrong.
    kFailed,         // A statement failed: only rollback, rollback_to and commit.
    kEnded,          // Committed or rolled back: nothing is accepted.
  };
  enum class Request {
    kBegin,
    kExecute,
    kQuery,
    kSavepoint,
    kRollbackTo,
    kRelease,
    kCommit,
    kRollback,
  };
  // What to do with a request.
  enum class Step {
    kBegin,           // Acquire a session and begin.
    kRunStatement,    // Send it.
    kCommit,          // Send COMMIT.
    kRollback,        // Send ROLLBACK; it was asked for.
    kRollbackFailed,  // Send ROLLBACK; commit was asked for, but it had failed.
    kSkip,            // Do not run it, for an error before it; the state stays.
    kRefuse,          // Answer with the error; the state stays.
    kBreakStream,     // End the stream with the error.
  };
  struct Decision {
    Step step;
    absl::Status error;  // With kRefuse and kBreakStream.
  };

  State state() const { return state_; }

  Decision OnRequest(Request request, uint64_t seq);
  // Whether `seq` is as it should be.
  bool MayFollow(uint64_t seq) const { return seq == 0 || seq > last_seq_; }
  void OnBegun() { state_ = State::kActive; }
  // A statement (or savepoint command) has ended; `is_ok` as PostgreSQL sees the
  // transaction afterwards.
  void OnStatementEnd(bool is_transaction_good);
  void OnEnded() { state_ = State::kEnded; }

 private:
  State state_ = State::kAwaitingBegin;
  uint64_t last_seq_ = 0;
};

std::string_view RequestName(TransactionMachine::Request request);

}  // namespace pgsluice
