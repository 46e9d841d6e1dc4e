// The gateway as a whole: builds every part, in order, and takes them down again.
#pragma once

#include <atomic>
#include <functional>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "pgsluice/config/v1/config.pb.h"
#include "pgsluice/v1/admin_service.grpc.pb.h"
#include "pgsluice/v1/gateway_service.grpc.pb.h"
#include "pool/clock.h"
#include "pool/cluster.h"
#include "pool/commit_resolver.h"
#include "pool/idempotency_keeper.h"
#include "pool/pool_monitor.h"
#include "pool/prober.h"
#include "server/admission.h"
#include "server/audit_log.h"
#include "server/call_environment.h"
#include "server/caller_book.h"
#include "server/caller_gate.h"
#include "server/caller_secrets.h"
#include "server/certificate_store.h"
#include "server/config/load_config.h"
#include "server/file_watch.h"
#include "server/first_logins.h"
#include "server/fleet_size.h"
#include "server/grpc_port.h"
#include "server/health_registry.h"
#include "server/hot_settings.h"
#include "server/metrics/gateway_snapshot.h"
#include "server/metrics/metrics_endpoint.h"
#include "server/metrics/shard_metrics.h"
#include "server/reflection_answers.h"
#include "server/reloader.h"
#include "server/shard.h"
#include "server/sleep_watch.h"
#include "server/statement_stats.h"
#include "server/statement_store.h"
#include "server/tracing/tracing.h"

namespace pgsluice {

class Server final {
 public:
  // `sources`: where `config` came from, for reloads; `hot`: what it says.
  Server(const config::v1::Config& config, ConfigSources sources, HotSettings hot);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Listens and serves; an error says which address could not be had and why.
  absl::Status Start();

  // Calls `give_up`, once and from any thread, when it turns out that the server should
  // not have started; fitness() says why. Before Start.
  void OnUnfit(std::function<void()> give_up) { give_up_ = std::move(give_up); }
  absl::Status fitness() const { return first_logins_.verdict(); }

  // Loads the configuration again, soon; what comes of it is logged. From any thread.
  void Reload();
  // How long the shutdown may take, as configured now.
  struct ShutdownTimes {
    absl::Duration drain_delay;
    absl::Duration drain_deadline;
  };
  ShutdownTimes shutdown_times() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The steps of a shutdown, in order. Each returns when it is done.
  void ReportNotReady();
  // Open transactions are told; no new ones. Returns when no call is left, at the latest
  // after `longest`, when what is left has been stopped and rolled back.
  void EndCalls(absl::Duration longest);
  // Makes EndCalls stop what is left at once. From any thread.
  void Hurry();
  void CloseSessions();
  // Hands over what is known of the calls that have ended, within a few seconds.
  void FlushSpans();

  int port() const { return main_port_ == nullptr ? 0 : main_port_->port(); }
  // 0: there is none.
  int admin_port() const { return admin_port_ == nullptr ? 0 : admin_port_->port(); }
  // 0: there is none.
  int metrics_port() const;

 private:
  void StopAllCalls();
  // No call is in progress, and no answer under way.
  bool HasDelivered() const;
  // Those that callers keep open without need.
  void CutConnections();
  absl::Status Listen();
  absl::Status ListenForCalls();
  absl::Status ListenForAdmin();
  // Reads the files of certificates, tokens and named statements.
  absl::Status LoadSecrets();
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials();
  absl::Status ServeMetrics();
  // Unless no collector is configured.
  absl::Status StartTracing();
  // What there is to tell, at this moment. From any thread.
  GatewaySnapshot TakeSnapshot() const ABSL_LOCKS_EXCLUDED(mutex_);
  void AcceptOnShards();
  void AcceptHealth(grpc::ServerCompletionQueue* queue,
                    grpc::health::v1::Health::AsyncService& service);
  void AcceptReflection();
  void AcceptAdmin();
  // Puts the settings into effect; returns when they are. By the reloader only.
  void Apply(const HotSettings& hot) ABSL_LOCKS_EXCLUDED(mutex_);
  void ApplyOnShards(const HotSettings& hot);
  void ApplyCallers(const CallerRules& rules);
  void ApplyStatements(const std::string& file);
  // Has those of the files looked at that there are.
  void WatchFiles();
  void ApplyAudit(const AuditOptions& options);
  // Follows the file that says how many gateways there are.
  void FollowFleet(const HotSettings& hot);
  void OnTopologyChange(const Topology& before, const Topology& after);
  asio::awaitable<void> MaintainForEver();
  asio::awaitable<void> MonitorForEver();

  const config::v1::Config config_;  // As at start.
  const absl::Time started_;
  FirstLogins first_logins_;
  std::function<void()> give_up_;
  SystemClock clock_;
  std::unique_ptr<Tracing> tracing_;              // Null: off.
  std::vector<std::unique_ptr<Tracer>> tracers_;  // One a shard, or none.
  SleepWatch sleep_watch_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<ConnectorFactory> connectors_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<PoolMonitor> monitor_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<CommitResolver> resolver_;
  std::unique_ptr<IdempotencyKeeper> keys_;  // Null unless idempotency.enabled.
  std::unique_ptr<Reloader> reloader_;
  // The reloader's. Null without a file to follow.
  std::unique_ptr<FleetSize> fleet_size_;
  std::string fleet_size_file_;
  std::atomic<size_t> fleet_size_now_{0};  // What the file says; 0: nothing yet.
  Admission admission_;
  StatementStats statements_;
  ReadResends resends_;
  HealthRegistry health_;
  ReflectionAnswers reflection_answers_;
  std::vector<std::unique_ptr<ShardMetrics>> metrics_;          // One a shard.
  std::vector<std::unique_ptr<CallEnvironment>> environments_;  // One a shard.
  StatementStore named_statements_;
  CallerSecrets secrets_;
  AuditLog audit_;
  // The reloader's, once it runs. Shared with gates.
  std::shared_ptr<const CallerBook> callers_;
  std::vector<std::unique_ptr<CallerGate>> gates_;  // One a shard.
  std::unique_ptr<CertificateStore> certificates_;  // Null without TLS.
  // Shared with gRPC, which uses it as long as server_ listens.
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<FileWatch> file_watch_;  // The reloader's. Null without files.

  // For Prometheus; null without an address for it.
  std::unique_ptr<MetricsEndpoint> metrics_endpoint_;

  v1::GatewayService::AsyncService gateway_service_;
  grpc::AsyncGenericService unknown_service_;
  grpc::health::v1::Health::AsyncService health_service_;
  grpc::health::v1::Health::AsyncService admin_health_service_;
  v1::AdminService::AsyncService admin_service_;
  grpc::reflection::v1::ServerReflection::AsyncService reflection_service_;
  grpc::reflection::v1alpha::ServerReflection::AsyncService old_reflection_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> admin_server_;
  grpc::ServerCompletionQueue* admin_queue_ = nullptr;
  std::unique_ptr<GrpcPort> main_port_;   // Stops before server_ does.
  std::unique_ptr<GrpcPort> admin_port_;  // Null without an address for it.
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> is_hurried_{false};

  mutable absl::Mutex mutex_;
  ShutdownTimes shutdown_times_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
