#include "client/cpp/src/client_core.h"

#include <string>

#include "absl/time/clock.h"

#include "client/cpp/src/status_details.h"

namespace pgsluice::client {
namespace {

// Once a call has a connection, gRPC names its peer by address; before, by target.
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
  context.set_wait_for_ready(core.options.when_unreachable == WhenUnreachable::kWait);
}

absl::Status CallFailure(const grpc::Status& status, const grpc::ClientContext& context,
                         WhenBroken when_broken) {
  absl::Status failure = FromGrpc(status);
  if (failure.ok() || !IsTransportFailure(failure)) return failure;
  const bool is_unavailable = absl::IsUnavailable(failure);
  if (!HadConnection(context)) {
    return WithVerdict(
        std::move(failure), v1::OUTCOME_NOT_STARTED,
        is_unavailable ? v1::RETRY_SCOPE_STATEMENT : v1::RETRY_SCOPE_NEVER);
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
  }
  return failure;
}

}  // namespace pgsluice::client
