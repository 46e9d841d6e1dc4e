#include "server/commit_doubt.h"

#include "pool/error.h"
#include "server/resolve_call.h"
#include "server/statement_run.h"

namespace pgsluice {

bool IsInDoubt(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->outcome == Outcome::kUnknown;
}

asio::awaitable<absl::Status> SettleDoubt(CallBase& call,
                                          const CallEnvironment& environment,
                                          absl::Status doubt, CommitNote note) {
  NudgeIfBlamed(environment, doubt);
  if (!note.was_answered) co_return doubt;
  if (!note.evidence.has_value()) {
    co_return FoundAborted(doubt, "it had written nothing");
  }
  // A caller that has left hears nothing more.
  if (call.stop().is_stopped()) {
    co_return StillInDoubt(doubt, *note.evidence, "the call has ended");
  }
  const Resolution resolution = co_await ResolveCommit(
      environment.resolver, *note.evidence, IfInProgress::kTerminate, call);
  switch (resolution.outcome) {
    case CommitOutcome::kCommitted: co_return absl::OkStatus();
    case CommitOutcome::kAborted: co_return FoundAborted(doubt, resolution.reason);
    case CommitOutcome::kUnknown: break;
  }
  co_return StillInDoubt(doubt, *note.evidence, resolution.reason);
}

}  // namespace pgsluice
