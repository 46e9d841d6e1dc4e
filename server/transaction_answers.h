// Writes the responses of a transaction stream. Confined to the call's shard.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "asio/awaitable.hpp"

#include "pgsluice/v1/transaction.pb.h"
#include "pool/commit_outcome.h"
#include "pool/result.h"
#include "server/call_environment.h"
#include "server/transaction_call.h"
#include "server/transaction_machine.h"

namespace pgsluice {

// How a commit is known.
enum class CommitSource {
  kAnswer,    // PostgreSQL answered it.
  kResolved,  // The session was lost; the primary was asked.
};

// Every method ends with OK when the caller has taken the response; else the call is
// stopped.
class TransactionAnswers final {
 public:
  TransactionAnswers(TransactionCall& call, const CallEnvironment& environment,
                     const TransactionMachine& machine)
      : call_(call), environment_(environment), machine_(machine) {}

  // With the state that the machine is in.
  asio::awaitable<absl::Status> Write(v1::TransactionResponse response);
  asio::awaitable<absl::Status> Refuse(uint64_t seq, absl::Status error);
  asio::awaitable<absl::Status> Skip(uint64_t seq);
  asio::awaitable<absl::Status> Begun(uint64_t seq, v1::Route route);
  asio::awaitable<absl::Status> Committing(uint64_t seq, CommitEvidence evidence);
  asio::awaitable<absl::Status> Committed(uint64_t seq, CommandResult commit,
                                          std::optional<CommitEvidence> evidence,
                                          CommitSource source);
  asio::awaitable<absl::Status> RolledBack(uint64_t seq, v1::RollbackCause cause);
  asio::awaitable<absl::Status> Expiring(v1::TransactionLimit limit, absl::Duration in);
  asio::awaitable<absl::Status> Draining(absl::Duration finish_within);

  // Of the last statement that failed.
  void NoteFailed(uint64_t seq) { failed_seq_ = seq; }
  // For the metrics: it has a session now, and from here on counts as a transaction; and
  // how it ended, of which only the first word counts. Committed and RolledBack say that
  // themselves.
  void NoteSession(absl::Time now);
  void NoteEnd(TransactionOutcome outcome);

 private:
  TransactionCall& call_;
  const CallEnvironment& environment_;
  const TransactionMachine& machine_;
  uint64_t failed_seq_ = 0;
  std::optional<absl::Time> has_session_since_;
  bool has_ended_ = false;
};

}  // namespace pgsluice
