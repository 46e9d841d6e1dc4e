// A COMMIT whose answer was lost: finds out what became of it, for the call that waits.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "asio/awaitable.hpp"

#include "pool/commit_evidence.h"
#include "pool/result.h"
#include "pool/session.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

// What was known when the COMMIT left.
struct CommitNote {
  bool was_answered = false;  // The question for evidence was.
  // Absent, if it was answered: the transaction had written nothing.
  std::optional<CommitEvidence> evidence;
};

// The leg before a COMMIT that asks for evidence. Must outlive its flight.
class NoteLeg final {
 public:
  // Of the cluster that the session belongs to.
  explicit NoteLeg(std::string system_identifier);
  NoteLeg(const NoteLeg&) = delete;
  NoteLeg& operator=(const NoteLeg&) = delete;

  // PostgreSQL hands its answer over before it turns to the COMMIT.
  Execution execution() const {
    return {.statement = &statement_, .phase = Phase::kTransaction, .wants_flush = true};
  }
  RowSink& sink() { return sink_; }
  CommitNote Note(bool was_answered) const {
    return {.was_answered = was_answered, .evidence = sink_.evidence()};
  }

 private:
  const std::string text_;
  const Statement statement_;
  EvidenceSink sink_;
};

// Whether a COMMIT that ended so may have taken effect.
bool IsInDoubt(const absl::Status& status);

// `doubt` ended a COMMIT, and its session has been given back. A result: it took effect;
// else what the call ends with.
asio::awaitable<absl::StatusOr<CommandResult>> SettleDoubt(
    CallBase& call, const CallEnvironment& environment, absl::Status doubt,
    CommitNote note);

}  // namespace pgsluice
