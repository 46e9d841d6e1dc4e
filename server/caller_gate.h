// Lets calls in, before anything of them is looked at: says who makes them, whether the
// caller may, and under which limits. Confined to one shard.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "server/call_environment.h"
#include "server/call_trace.h"
#include "server/caller_book.h"
#include "server/caller_secrets.h"
#include "server/config/caller_methods.h"
#include "server/rpc.h"

namespace pgsluice {

class CallerGate final {
 public:
  // `base`: the shard's own environment. `secrets`: null when authentication is off, and
  // everybody may do everything.
  CallerGate(const CallEnvironment& base, const CallerSecrets* secrets, AuditLog& audit)
      : base_(base), secrets_(secrets), audit_(audit) {}
  CallerGate(const CallerGate&) = delete;
  CallerGate& operator=(const CallerGate&) = delete;

  // For calls from now on; whenever the policies or the base have changed.
  void Reconfigure(std::shared_ptr<const CallerBook> book);

  // Of calls from now on; null: they are not traced. Outlives all calls.
  void set_tracer(Tracer* tracer) { tracer_ = tracer; }
  Tracer* tracer() const { return tracer_; }
  // How the sessions of traced calls' statements are called, but for the trace, which is
  // added; absent: as ever. Of calls from now on.
  void set_labelled_as(std::optional<std::string> application_name) {
    labelled_as_ = std::move(application_name);
  }
  // Whose calls the audit is told of, from now on.
  void set_audited(MethodSet methods) { audited_ = methods; }

  // The environment in which the call is to be served; it stays as long as the call. Or
  // UNAUTHENTICATED, PERMISSION_DENIED, or RESOURCE_EXHAUSTED.
  absl::StatusOr<const CallEnvironment*> Enter(CallBase& call, RpcMethod method);

  // Of a refusal, with its trailers.
  grpc::Status ToStatus(CallBase& call, const absl::Status& refusal) const;

 private:
  // `why`: of a refusal, what the caller is not told.
  absl::StatusOr<const CallEnvironment*> EnterAsCaller(CallBase& call, RpcMethod method,
                                                       std::string& why);
  // Has PostgreSQL told which trace the call's statements belong to, if it shall be.
  void Label(CallBase& call) const;
  // Refusals cost little to make, so there are only so many lines of them a second.
  void AuditRefusal(CallBase& call, const absl::Status& refusal, const std::string& why);

  const CallEnvironment& base_;
  const CallerSecrets* const secrets_;
  AuditLog& audit_;
  MethodSet audited_;
  Tracer* tracer_ = nullptr;
  std::optional<std::string> labelled_as_;
  std::shared_ptr<const CallerBook> book_;
  // By policy. Shared with calls in progress.
  std::vector<std::shared_ptr<const CallEnvironment>> environments_;
  absl::Time refusals_since_ = absl::InfinitePast();
  int refusals_ = 0;  // Since then, told to the audit.
};

template <class Call>
asio::awaitable<void> RefuseCall(std::shared_ptr<Call> call, grpc::Status status) {
  call->Ended();
  co_await call->Refuse(status);
}

// AcceptCalls, behind a gate: `handle` gets the environment, too.
template <class Call, class RequestCall, class Handle>
asio::awaitable<void> AcceptCalls(Shard& shard, RpcTable& rpcs, CallerGate& gate,
                                  RpcMethod method, RequestCall request, Handle handle) {
  // No coroutine itself, so what it captures may go when it has returned.
  auto enter = [&gate, method, handle](std::shared_ptr<Call> call) {
    if (gate.tracer() != nullptr) BeginTrace(*call, method, *gate.tracer());
    const absl::StatusOr<const CallEnvironment*> environment = gate.Enter(*call, method);
    if (!environment.ok()) {
      const grpc::Status status = gate.ToStatus(*call, environment.status());
      return RefuseCall(std::move(call), status);
    }
    return handle(std::move(call), **environment);
  };
  return AcceptCalls<Call>(shard, rpcs.of(method), std::move(request), std::move(enter));
}

}  // namespace pgsluice
