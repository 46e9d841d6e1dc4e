#include "server/resolve_call.h"

#include <algorithm>

#include "pool/completion.h"
#include "server/convert/commit_evidence.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

// Of the deadline: for the answer to travel.
constexpr absl::Duration kSpare = absl::Milliseconds(100);
// However long a transaction may live: its caller waits for this.
constexpr absl::Duration kLongest = absl::Seconds(30);

asio::awaitable<absl::Status> Resolve(ResolveTransactionCall& call,
                                      const CallEnvironment& environment,
                                      v1::ResolveTransactionResponse& response) {
  absl::StatusOr<CommitEvidence> evidence =
      EvidenceFromProto(call.request.transaction(), "transaction");
  if (!evidence.ok()) co_return evidence.status();
  const absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) co_return ticket.status();
  call.LimitTime(environment.limits.default_deadline, environment.limits.max_deadline);
  // Whoever runs it may be alive, and wait for a standby.
  const Resolution resolution =
      co_await ResolveCommit(environment.resolver, *evidence, IfInProgress::kLeave, call);
  response.set_outcome(OutcomeToProto(resolution.outcome));
  response.set_reason(resolution.reason);
  response.set_endpoint(resolution.endpoint);
  co_return absl::OkStatus();
}

}  // namespace

asio::awaitable<Resolution> ResolveCommit(CommitResolver& resolver,
                                          CommitEvidence evidence,
                                          IfInProgress if_in_progress,
                                          const CallBase& call) {
  auto completion = std::make_shared<Completion<Resolution>>();
  resolver.Resolve(evidence, if_in_progress,
                   std::min(call.deadline() - kSpare, absl::Now() + kLongest),
                   [completion](const Resolution& resolution) {
                     completion->Set(Resolution(resolution));
                   });
  co_return co_await completion->Wait();
}

asio::awaitable<void> ServeResolveTransaction(
    std::shared_ptr<ResolveTransactionCall> call, const CallEnvironment& environment) {
  v1::ResolveTransactionResponse response;
  const absl::Status status = co_await Resolve(*call, environment, response);
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
