#include "server/commit_doubt.h"

#include <cstdint>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"

#include "pool/error.h"
#include "server/resolve_call.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

// Nobody else's text: 128 random bits.
std::string NewNote() {
  thread_local absl::BitGen random;
  return absl::StrFormat("%016x%016x", absl::Uniform<uint64_t>(random),
                         absl::Uniform<uint64_t>(random));
}

}  // namespace

NoteLeg::NoteLeg(std::string system_identifier)
    : text_(NewNote()),
      statement_(NoteEvidenceStatement(text_)),
      sink_(std::move(system_identifier), text_) {}

bool IsInDoubt(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->outcome == Outcome::kUnknown;
}

asio::awaitable<absl::StatusOr<CommandResult>> SettleDoubt(
    CallBase& call, const CallEnvironment& environment, absl::Status doubt,
    CommitNote note) {
  NudgeIfBlamed(environment, doubt);
  if (!note.was_answered) co_return doubt;
  if (!note.evidence.has_value()) {
    co_return FoundAborted(doubt, "it had written nothing");
  }
  // A caller that has left hears nothing more.
  if (call.stop().is_stopped()) {
    co_return StillInDoubt(doubt, *note.evidence, "the call has ended");
  }
  SpanScope scope(call.spans(), "resolve_commit");
  const Resolution resolution = co_await ResolveCommit(
      environment.resolver, *note.evidence, IfInProgress::kTerminate, call);
  switch (resolution.outcome) {
    case CommitOutcome::kCommitted: {
      CommandResult committed;
      committed.command_tag = "COMMIT";
      committed.position = resolution.position;
      co_return committed;
    }
    case CommitOutcome::kAborted: co_return FoundAborted(doubt, resolution.reason);
    case CommitOutcome::kUnknown: break;
  }
  co_return StillInDoubt(doubt, *note.evidence, resolution.reason);
}

}  // namespace pgsluice
