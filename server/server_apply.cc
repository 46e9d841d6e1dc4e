// How a server changes at run time.
#include <utility>

#include "absl/synchronization/blocking_counter.h"

#include "server/grpc_log.h"
#include "server/log.h"
#include "server/server.h"

namespace pgsluice {

void Server::Reload() { reloader_->Reload(nullptr); }

Server::ShutdownTimes Server::shutdown_times() const {
  absl::MutexLock lock(&mutex_);
  return shutdown_times_;
}

void Server::Apply(const HotSettings& hot) {
  SetLogLevel(hot.log_level);
  SetGrpcLogLevel(hot.log_level);
  SetLogBounds(hot.log_bounds);
  main_port_->Reconfigure(hot.connections);
  if (admin_port_ != nullptr) admin_port_->Reconfigure(hot.connections);
  {
    absl::MutexLock lock(&mutex_);
    shutdown_times_ = {hot.drain_delay, hot.drain_deadline};
  }
  admission_.set_limits(hot.admission);
  health_.Update(
      [&hot](HealthFacts& facts) { facts.readiness_requires = hot.readiness; });
  monitor_->Reconfigure(hot.monitor);
  if (keys_ != nullptr) keys_->Reconfigure(hot.keys);
  FollowFleet(hot);
  ClusterOptions options = hot.cluster;
  const size_t gateways = fleet_size_now_;
  if (gateways > 0) options.pools.fleet_size = gateways;
  cluster_->Reconfigure(options);
  prober_->Reconfigure(options.probe);
  prober_->Follow(options.endpoints);
  if (tracing_ != nullptr) tracing_->Follow(options.endpoints);
  ApplyCallers(hot.callers);
  ApplyStatements(hot.named_statements_file);
  WatchFiles();
  ApplyAudit(hot.audit);
  ApplyOnShards(hot);
}

void Server::FollowFleet(const HotSettings& hot) {
  if (hot.fleet_size_file == fleet_size_file_) return;
  fleet_size_.reset();
  fleet_size_now_ = 0;
  fleet_size_file_ = hot.fleet_size_file;
  if (fleet_size_file_.empty()) return;
  fleet_size_ = std::make_unique<FleetSize>(
      fleet_size_file_, hot.cluster.pools.fleet_size, [this](size_t gateways) {
        fleet_size_now_ = gateways;
        reloader_->ApplyAgain();
      });
}

// What calls look at belongs to their shard: it is replaced there.
void Server::ApplyOnShards(const HotSettings& hot) {
  absl::BlockingCounter left(static_cast<int>(shards_.size()));
  for (size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->loop().Post([this, &hot, &left, i] {
      CallEnvironment& environment = *environments_[i];
      environment.limits = hot.limits;
      environment.status = hot.status;
      environment.slow_queries = SlowQueryLog(hot.slow);
      environment.book = named_statements_.book();
      gates_[i]->Reconfigure(callers_);
      gates_[i]->set_audited(AuditedMethods(hot.audit));
      gates_[i]->set_labelled_as(hot.labelled_as);
      left.DecrementCount();
    });
  }
  left.Wait();
}

}  // namespace pgsluice
