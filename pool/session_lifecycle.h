// The life of one session in its pool: its states, and what a return means. Rules file.
//
//   connecting --opened--> idle <--clean-- maintenance
//       |                  |  ^                ^   |
//       | waiter           |  |                |   |
//       | takes it   lease |  | clean          |   | failed
//       v                  v  |      unclean   |   |
//     leased <---------- leased ---------------+   |
//       |                  |                       |
//       +------------------+----> closed <---------+
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

namespace pgsluice {

enum class SessionState {
  kConnecting,   // Being opened; holds a permit.
  kIdle,         // Open, clean, held by nobody.
  kLeased,       // Held by a call.
  kMaintenance,  // Being made clean.
  kClosed,       // Gone.
};

bool MayMove(SessionState from, SessionState to);

enum class CloseReason {
  kIdle,           // Not needed for longer than the idle time-out.
  kLifetime,       // Older than its lifetime.
  kUses,           // Leased as often as allowed.
  kBroken,         // The connection, or the server, failed.
  kResetFailed,    // It could not be made clean.
  kCancelFailed,   // A cancelled statement did not end in time.
  kPingFailed,     // It did not answer while idle.
  kRetired,        // Its endpoint lost the role.
  kDrain,          // The server is shutting down.
  kConnectFailed,  // It never opened.
  kExcess,         // More were open than max_size allows now.
  kRenewed,        // It was to be replaced by a new one.
  kCount,
};

std::string_view CloseReasonName(CloseReason reason);

enum class TransactionStatus {
  kIdle,           // None open.
  kActive,         // A statement is running, or its result has not been read.
  kInTransaction,  // Open, nothing wrong.
  kFailed,         // Open, and failed.
  kUnknown,        // The connection is bad.
};

// What a session looks like when its holder is done with it.
struct SessionFacts {
  bool is_broken = false;
  // Broken by the gateway, to be rid of what a statement brought: nobody's fault.
  bool was_given_up = false;
  bool has_statement_in_progress = false;
  TransactionStatus transaction = TransactionStatus::kIdle;
  // It ran something that may leave state behind.
  bool needs_reset = false;
  // A cancel was sent during this lease: it may hit late.
  bool had_uncertain_cancel = false;
};

struct ReturnDecision {
  enum class Action { kKeep, kCleanUp, kClose };
  Action action = Action::kKeep;
  CloseReason reason = CloseReason::kBroken;  // With kClose.
};

// `max_uses` 0: no limit.
ReturnDecision DecideOnReturn(const SessionFacts& facts, absl::Time expires_at,
                              uint64_t uses, uint64_t max_uses, bool is_retired,
                              absl::Time now);

// Steps that make a session as new, in this order.
struct CleanUpPlan {
  bool cancel_statement = false;
  bool fence = false;  // One harmless statement for a late cancel to hit.
  bool rollback = false;
  bool reset = false;
};

CleanUpPlan PlanCleanUp(const SessionFacts& facts);

// When a session is due for renewal: earlier by up to `jitter` of its lifetime, so that
// sessions opened together do not all go together. `random` in [0, 1); a lifetime of
// zero never ends.
absl::Time ExpiryOf(absl::Time opened, absl::Duration max_lifetime, double jitter,
                    double random);

}  // namespace pgsluice
