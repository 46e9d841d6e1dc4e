// A COMMIT whose answer was lost: finds out what became of it, for the call that waits.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"

#include "pool/commit_outcome.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

// What was known when the COMMIT left.
struct CommitNote {
  bool was_answered = false;  // The question for evidence was.
  // Absent, if it was answered: the transaction had written nothing.
  std::optional<CommitEvidence> evidence;
};

// Whether a COMMIT that ended so may have taken effect.
bool IsInDoubt(const absl::Status& status);

// `doubt` ended a COMMIT, and its session has been given back. OK: it took effect; else
// what the call ends with.
asio::awaitable<absl::Status> SettleDoubt(CallBase& call,
                                          const CallEnvironment& environment,
                                          absl::Status doubt, CommitNote note);

}  // namespace pgsluice
