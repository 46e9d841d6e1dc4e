#include "server/admin_calls.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "pool/completion.h"
#include "pool/error.h"
#include "server/log.h"
#include "server/monitoring_calls.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

absl::StatusOr<PoolSelector> SelectorOf(const v1::PoolTarget& target) {
  switch (target.target_case()) {
    case v1::PoolTarget::kEndpoint:
      if (target.endpoint().empty()) {
        return InvalidRequest("target.endpoint", "is empty; leave it out for all pools");
      }
      return PoolSelector{.endpoint = target.endpoint()};
    case v1::PoolTarget::kRole:
      if (target.role() == v1::ROLE_PRIMARY) return PoolSelector{.role = Role::kPrimary};
      if (target.role() == v1::ROLE_REPLICA) return PoolSelector{.role = Role::kReplica};
      return InvalidRequest("target.role", "is neither primary nor replica");
    case v1::PoolTarget::TARGET_NOT_SET: break;
  }
  return PoolSelector{};
}

std::string TextOf(const PoolSelector& selector) {
  if (!selector.endpoint.empty()) return selector.endpoint;
  return selector.is_all() ? "all" : std::string(RoleName(selector.role));
}

using Action =
    absl::StatusOr<std::vector<PoolStats>> (Cluster::*)(const PoolSelector& selector);

// One of the three that do something to pools and tell what has become of them.
template <class Call, class Response>
asio::awaitable<void> ServeAction(std::shared_ptr<Call> call,
                                  const CallEnvironment& environment, Action action,
                                  std::string_view name, Response response) {
  absl::Status status;
  const absl::StatusOr<PoolSelector> selector = SelectorOf(call->request.target());
  if (selector.ok()) {
    const auto pools = (environment.cluster.*action)(*selector);
    status = pools.status();
    if (pools.ok()) {
      for (const PoolStats& stats : *pools) {
        *response.add_pools() = PoolStatsToProto(stats);
      }
    }
    Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, name,
        {{"pools", TextOf(*selector)},
         {"caller", call->context().peer()},
         {"error", std::string(status.message())}});
  } else {
    status = selector.status();
  }
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, status));
}

void AddChanges(const std::vector<SettingChange>& changes,
                google::protobuf::RepeatedPtrField<v1::SettingChange>& added) {
  for (const SettingChange& change : changes) {
    v1::SettingChange& proto = *added.Add();
    proto.set_path(change.path);
    proto.set_before(change.before);
    proto.set_after(change.after);
  }
}

}  // namespace

asio::awaitable<void> ServeReload(std::shared_ptr<ReloadCall> call,
                                  const CallEnvironment& environment,
                                  Reloader& reloader) {
  auto completion = std::make_shared<Completion<ReloadReport>>();
  reloader.Reload([completion](const ReloadReport& report) {
    completion->Set(ReloadReport(report));
  });
  const ReloadReport report = co_await completion->Wait();
  v1::ReloadResponse response;
  AddChanges(report.applied, *response.mutable_applied());
  AddChanges(report.needs_restart, *response.mutable_needs_restart());
  for (const std::string& note : report.notes) response.add_notes(note);
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, report.status));
}

asio::awaitable<void> ServePause(std::shared_ptr<PauseCall> call,
                                 const CallEnvironment& environment) {
  return ServeAction(std::move(call), environment, &Cluster::Pause, "paused",
                     v1::PauseResponse());
}

asio::awaitable<void> ServeResume(std::shared_ptr<ResumeCall> call,
                                  const CallEnvironment& environment) {
  return ServeAction(std::move(call), environment, &Cluster::Resume, "resumed",
                     v1::ResumeResponse());
}

asio::awaitable<void> ServeReconnect(std::shared_ptr<ReconnectCall> call,
                                     const CallEnvironment& environment) {
  return ServeAction(std::move(call), environment, &Cluster::Reconnect, "reconnecting",
                     v1::ReconnectResponse());
}

}  // namespace pgsluice
