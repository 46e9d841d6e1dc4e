#include "pool/session_lifecycle.h"

namespace pgsluice {

bool MayMove(SessionState from, SessionState to) {
  switch (from) {
    case SessionState::kConnecting:
      return to == SessionState::kIdle || to == SessionState::kLeased ||
             to == SessionState::kClosed;
    case SessionState::kIdle:
      return to == SessionState::kLeased || to == SessionState::kMaintenance ||
             to == SessionState::kClosed;
    case SessionState::kLeased:
      // To leased: handed from one holder to the next.
      return to == SessionState::kIdle || to == SessionState::kLeased ||
             to == SessionState::kMaintenance || to == SessionState::kClosed;
    case SessionState::kMaintenance:
      return to == SessionState::kIdle || to == SessionState::kLeased ||
             to == SessionState::kClosed;
    case SessionState::kClosed: return false;
  }
  return false;
}

std::string_view CloseReasonName(CloseReason reason) {
  switch (reason) {
    case CloseReason::kIdle: return "idle";
    case CloseReason::kLifetime: return "lifetime";
    case CloseReason::kUses: return "uses";
    case CloseReason::kBroken: return "broken";
    case CloseReason::kResetFailed: return "reset_failed";
    case CloseReason::kCancelFailed: return "cancel_failed";
    case CloseReason::kPingFailed: return "ping_failed";
    case CloseReason::kRetired: return "retired";
    case CloseReason::kDrain: return "drain";
    case CloseReason::kConnectFailed: return "connect_failed";
    case CloseReason::kExcess: return "excess";
    case CloseReason::kRenewed: return "renewed";
    case CloseReason::kCount: break;
  }
  return "";
}

ReturnDecision DecideOnReturn(const SessionFacts& facts, absl::Time expires_at,
                              uint64_t uses, uint64_t max_uses, bool is_retired,
                              absl::Time now) {
  using Action = ReturnDecision::Action;
  if (facts.is_broken) return {Action::kClose, CloseReason::kBroken};
  // Whoever ends a session with a statement under way must see that statement end.
  const bool is_unclean = facts.has_statement_in_progress || facts.needs_reset ||
                          facts.had_uncertain_cancel ||
                          facts.transaction != TransactionStatus::kIdle;
  if (facts.has_statement_in_progress) return {Action::kCleanUp, CloseReason::kBroken};
  if (is_retired) return {Action::kClose, CloseReason::kRetired};
  if (now >= expires_at) return {Action::kClose, CloseReason::kLifetime};
  if (max_uses > 0 && uses >= max_uses) return {Action::kClose, CloseReason::kUses};
  if (is_unclean) return {Action::kCleanUp, CloseReason::kBroken};
  return {Action::kKeep, CloseReason::kBroken};
}

CleanUpPlan PlanCleanUp(const SessionFacts& facts) {
  CleanUpPlan plan;
  plan.cancel_statement = facts.has_statement_in_progress;
  plan.fence = facts.has_statement_in_progress || facts.had_uncertain_cancel;
  plan.rollback = facts.transaction != TransactionStatus::kIdle;
  plan.reset = facts.needs_reset;
  return plan;
}

absl::Time ExpiryOf(absl::Time opened, absl::Duration max_lifetime, double jitter,
                    double random) {
  if (max_lifetime <= absl::ZeroDuration()) return absl::InfiniteFuture();
  return opened + max_lifetime * (1.0 - jitter * random);
}

}  // namespace pgsluice
