#include "client/cpp/src/client_core.h"

#include <string>

#include "absl/time/clock.h"

#include "client/cpp/src/status_details.h"

namespace pgsluice::client {
namespace {

// gRPC names the peer by address once a connection ended the call, and by target when
// none was ever chosen for it. Where the target is itself such an address they look
// alike, and the cautious answer is true. Says nothing of calls that their own deadline
// ended: those have no peer in either case.
bool HadConnection(const grpc::ClientContext& context) {
  const std::string peer = context.peer();
  for (const char* scheme : {"ipv4:", "ipv6:", "unix:", "unix-abstract:"}) {
    if (peer.rfind(scheme, 0) == 0) return true;
  }
  return false;
}

// Codes that gRPC itself makes when a connection or a deadline breaks a call.
bool IsTransportFailure(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal: return true;
    default: return false;
  }
}

}  // namespace

void PrepareContext(const ClientCore& core, absl::Time deadline,
                    grpc::ClientContext& context) {
  if (deadline != absl::InfiniteFuture())
    context.set_deadline(absl::ToChronoTime(deadline));
  if (!core.options.token.empty()) {
    context.AddMetadata("authorization", "Bearer " + core.options.token);
  }
  context.set_wait_for_ready(core.options.when_unreachable == WhenUnreachable::kWait);
}

absl::Status CallFailure(const grpc::Status& status, const grpc::ClientContext& context,
                         WhenBroken when_broken) {
  absl::Status failure = FromGrpc(status);
  if (failure.ok() || !IsTransportFailure(failure)) return failure;
  const bool is_unavailable = absl::IsUnavailable(failure);
  if (is_unavailable && !HadConnection(context)) {
    return WithVerdict(std::move(failure), v1::OUTCOME_NOT_STARTED,
                       v1::RETRY_SCOPE_STATEMENT);
  }
  switch (when_broken) {
    case WhenBroken::kHarmless: return failure;
    case WhenBroken::kRolledBack:
      return WithVerdict(
          std::move(failure), v1::OUTCOME_ROLLED_BACK,
          is_unavailable ? v1::RETRY_SCOPE_TRANSACTION : v1::RETRY_SCOPE_NEVER);
    case WhenBroken::kOutcomeUnknown:
      return WithVerdict(std::move(failure), v1::OUTCOME_UNKNOWN,
                         v1::RETRY_SCOPE_RESOLVE_FIRST);
    case WhenBroken::kMayBeRepeated: {
      v1::RetryVerdict verdict;
      verdict.set_outcome(v1::OUTCOME_UNKNOWN);
      verdict.set_scope(v1::RETRY_SCOPE_STATEMENT);
      verdict.set_same_key_is_safe(true);
      return WithVerdict(std::move(failure), verdict);
    }
  }
  return failure;
}

}  // namespace pgsluice::client
