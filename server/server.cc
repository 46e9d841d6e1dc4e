#include "server/server.h"

#include <algorithm>
#include <google/protobuf/descriptor.h>
#include <grpc/grpc.h>
#include <thread>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"

#include "pool/control/pg_commit_oracle.h"
#include "pool/control/pg_idempotency_store.h"
#include "pool/control/pg_replay_gauge.h"
#include "pool/str_cat.h"
#include "pool/timer.h"
#include "server/alert_log.h"
#include "server/config/endpoint_resolution.h"
#include "server/idempotency_log.h"
#include "server/log.h"
#include "server/pg_connector_factory.h"
#include "server/rpc.h"
#include "server/server_settings.h"
#include "server/session_log.h"
#include "server/topology_log.h"
#include "server/undelivered_bytes.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kMaintenanceInterval = absl::Milliseconds(100);
constexpr absl::Duration kCloseSessionsWithin = absl::Seconds(3);
// Between stopping the last calls and cutting their connections.
constexpr absl::Duration kStopGrace = absl::Seconds(1);
// For callers to hear that they shall go, before connections without a call are cut.
constexpr absl::Duration kGoodbyeGrace = absl::Seconds(1);

std::vector<std::string> ServiceNames() {
  return {"pgsluice.v1.GatewayService", "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection"};
}

HealthFacts FirstFacts(const HotSettings& hot) {
  HealthFacts facts;
  facts.readiness_requires = hot.readiness;
  return facts;
}

}  // namespace

Server::Server(const config::v1::Config& config, ConfigSources sources, HotSettings hot)
    : config_(config),
      started_(absl::Now()),
      first_logins_(hot.cluster),
      admission_(hot.admission),
      statements_(static_cast<size_t>(ShardCountOf(config)),
                  config.statements().max_tracked(), started_),
      resends_(static_cast<size_t>(ShardCountOf(config))),
      health_(FirstFacts(hot)),
      reflection_answers_(*google::protobuf::DescriptorPool::generated_pool(),
                          ServiceNames()),
      callers_(MakeCallerBook(hot.callers.policies, nullptr)),
      shutdown_times_{hot.drain_delay, hot.drain_deadline} {
  std::vector<asio::any_io_executor> executors;
  for (int i = 0; i < ShardCountOf(config_); ++i) {
    shards_.push_back(std::make_unique<Shard>(i, sleep_watch_));
    executors.push_back(shards_.back()->executor());
  }
  connectors_ = std::make_unique<PgConnectorFactory>(std::move(executors));
  cluster_ = std::make_unique<Cluster>(ClusterDeps{
      .options = hot.cluster,
      .shards = static_cast<int>(shards_.size()),
      .connectors = connectors_.get(),
      .clock = &clock_,
      .on_change = [this](const Topology& before,
                          const Topology& after) { OnTopologyChange(before, after); },
      .on_session_event = &LogSessionEvent,
      .make_gauge =
          [timeout = hot.cluster.probe.timeout](const Endpoint& endpoint) {
            return std::make_unique<PgReplayGauge>(endpoint, timeout, ReadConninfo);
          },
      .on_trouble = [this] { prober_->Nudge(); }});
  monitor_ = std::make_unique<PoolMonitor>(PoolMonitorDeps{
      .options = hot.monitor,
      .clock = &clock_,
      .take_samples =
          [this](absl::Time now) {
            return TakeSamples(cluster_->topology(), cluster_->Stats(), now);
          },
      .on_transition = LogAlert});
  resolver_ = std::make_unique<CommitResolver>(CommitResolverDeps{
      .oracle = std::make_unique<PgCommitOracle>(hot.cluster.probe.timeout, ReadConninfo),
      .primary = [this] { return cluster_->Primary(); },
      .clock = &clock_});
  if (config_.idempotency().enabled()) {
    const IdempotencyTable table = IdempotencyTableOf(config_);
    keys_ = std::make_unique<IdempotencyKeeper>(
        IdempotencyKeeperDeps{.store = std::make_unique<PgIdempotencyStore>(
                                  table, hot.cluster.probe.timeout, ReadConninfo),
                              .table = table,
                              .upkeep = hot.keys,
                              .primary = [this] { return cluster_->Primary(); },
                              .on_change = LogIdempotencyVerdict});
  }
  prober_ = std::make_unique<Prober>(ProberDeps{
      .options = hot.cluster.probe,
      .read_conninfo = ReadConninfo,
      .on_result =
          [this](const Endpoint& endpoint, ProbeResult result) {
            if (first_logins_.OnProbe(endpoint, result)) give_up_();
            return cluster_->OnProbe(endpoint, std::move(result));
          },
      .is_suspect =
          [this](const Endpoint& endpoint) { return cluster_->IsSuspect(endpoint); }});
  for (size_t i = 0; i < shards_.size(); ++i) {
    metrics_.push_back(std::make_unique<ShardMetrics>());
    environments_.push_back(std::make_unique<CallEnvironment>(
        CallEnvironment{.cluster = *cluster_,
                        .admission = admission_,
                        .statements = statements_,
                        .resends = resends_,
                        .resolver = *resolver_,
                        .metrics = *metrics_[i],
                        .keys = keys_.get(),
                        .limits = hot.limits,
                        .status = hot.status,
                        .slow_queries = SlowQueryLog(hot.slow),
                        .book = named_statements_.book(),
                        .nudge_prober = [this] { prober_->Nudge(); }}));
    gates_.push_back(std::make_unique<CallerGate>(
        *environments_.back(), config_.authentication().enabled() ? &secrets_ : nullptr,
        audit_));
    gates_.back()->Reconfigure(callers_);
    gates_.back()->set_audited(AuditedMethods(hot.audit));
    gates_.back()->set_labelled_as(hot.labelled_as);
  }
  reloader_ = std::make_unique<Reloader>(
      ReloaderDeps{.sources = std::move(sources),
                   .config = config_,
                   .hot = std::move(hot),
                   .apply = [this](const HotSettings& now) { Apply(now); }});
}

absl::Status Server::Start() {
  absl::Status secrets = LoadSecrets();
  if (!secrets.ok()) return secrets;
  if (absl::Status traced = StartTracing(); !traced.ok()) return traced;
  absl::Status audit = audit_.Configure(AuditOptionsOf(config_));
  if (!audit.ok()) {
    return absl::InvalidArgumentError(
        StrCat("audit.file: ", std::string(audit.message())));
  }
  absl::Status listening = Listen();
  if (!listening.ok()) return listening;
  AcceptOnShards();
  AcceptReflection();
  AcceptAdmin();
  if (absl::Status served = ServeMetrics(); !served.ok()) return served;
  asio::co_spawn(shards_.front()->executor(), MaintainForEver(), asio::detached);
  asio::co_spawn(shards_.front()->executor(), MonitorForEver(), asio::detached);
  for (auto& shard : shards_) shard->Start();
  sleep_watch_.Start();
  // Starts the probes, and follows the fleet.
  reloader_->ApplyAgain();
  health_.Update([](HealthFacts& facts) { facts.started = true; });
  return absl::OkStatus();
}

asio::awaitable<void> Server::MaintainForEver() {
  Timer timer(shards_.front()->loop());
  while (!is_stopping_) {
    cluster_->Maintain();
    co_await timer.Wait(kMaintenanceInterval);
  }
}

asio::awaitable<void> Server::MonitorForEver() {
  Timer timer(shards_.front()->loop());
  while (!is_stopping_) {
    // First, so that the probes of the start have been answered.
    co_await timer.Wait(PoolMonitor::kLookInterval);
    monitor_->Look();
  }
}

void Server::OnTopologyChange(const Topology& before, const Topology& after) {
  LogTopologyChange(before, after, clock_.Now());
  // Probes of several endpoints may get here in any order: what counts is the latest.
  const Topology now = cluster_->topology();
  bool is_primary_usable = false;
  bool is_replica_usable = false;
  for (const EndpointView& view : now.endpoints) {
    if (!view.is_reachable) continue;
    is_primary_usable = is_primary_usable || view.role == Role::kPrimary;
    is_replica_usable = is_replica_usable || view.role == Role::kReplica;
  }
  const bool is_hasty = now.awaits_primary;
  prober_->SetPace(is_hasty ? Prober::Pace::kHasty : Prober::Pace::kUsual);
  health_.Update([=](HealthFacts& facts) {
    facts.primary_usable = is_primary_usable;
    facts.replica_usable = is_replica_usable;
  });
}

void Server::ReportNotReady() {
  reloader_->Refuse();
  health_.Update([](HealthFacts& facts) { facts.draining = true; });
}

void Server::EndCalls(absl::Duration longest) {
  admission_.RefuseTransactions();
  for (auto& shard : shards_) {
    shard->loop().Post([&calls = shard->calls(), longest] {
      // A call may end, and leave the set, while it is told.
      const std::vector<CallBase*> all(calls.begin(), calls.end());
      for (CallBase* call : all) {
        if (calls.contains(call) && call->on_drain) call->on_drain(longest);
      }
    });
  }
  // gRPC refuses new calls at once, and waits for those in progress.
  const absl::Time deadline = absl::Now() + longest;
  std::atomic<bool> is_done{false};
  std::thread shutdown([this, deadline, &is_done] {
    main_port_->Stop();
    server_->Shutdown(absl::ToChronoTime(deadline + kStopGrace));
    // Last, for the probes; nobody waits there for an answer that takes long.
    if (admin_server_ != nullptr) {
      const absl::Time latest =
          std::min(absl::Now() + kGoodbyeGrace, deadline + kStopGrace);
      admin_port_->Stop();
      admin_server_->Shutdown(absl::ToChronoTime(latest));
    }
    is_done = true;
  });
  const absl::Time may_cut = absl::Now() + kGoodbyeGrace;
  while (!is_done && !is_hurried_ && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
    if (absl::Now() < may_cut || !HasDelivered()) continue;
    CutConnections();
    break;
  }
  if (!is_done) StopAllCalls();
  shutdown.join();
}

void Server::Hurry() { is_hurried_ = true; }

bool Server::HasDelivered() const {
  for (const auto& shard : shards_) {
    if (shard->open_calls() > 0) return false;
  }
  return CountUndeliveredBytes(config_.server().listen_address(), port()) == 0;
}

// gRPC waits for every connection to close, and a caller with nothing to do may not look
// at its own for a long time.
void Server::CutConnections() { grpc_server_cancel_all_calls(server_->c_server()); }

void Server::StopAllCalls() {
  for (auto& shard : shards_) {
    shard->loop().Post([&calls = shard->calls()] {
      const std::vector<CallBase*> all(calls.begin(), calls.end());
      for (CallBase* call : all) {
        if (calls.contains(call)) call->stop().Stop(StopReason::kDraining);
      }
    });
  }
}

void Server::CloseSessions() {
  cluster_->Retire();
  const absl::Time deadline = absl::Now() + kCloseSessionsWithin;
  while (cluster_->CountSessions() > 0 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }
}

Server::~Server() {
  is_stopping_ = true;
  metrics_endpoint_.reset();  // Asks all the others.
  reloader_->Stop();          // Starts these two, which ask it.
  file_watch_.reset();
  fleet_size_.reset();
  prober_->Stop();  // It is told of troubles until the shards have stopped.
  resolver_.reset();
  keys_.reset();
  if (server_ == nullptr) return;
  for (auto& shard : shards_) shard->ShutdownQueues();
  for (auto& shard : shards_) shard->Stop();
  sleep_watch_.Stop();
}

}  // namespace pgsluice
