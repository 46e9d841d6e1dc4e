// The gateway as a whole: builds every part, in order, and takes them down again.
#pragma once

#include <atomic>
#include <grpcpp/server.h>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "pgsluice/config/v1/config.pb.h"
#include "pgsluice/v1/gateway_service.grpc.pb.h"
#include "pool/clock.h"
#include "pool/cluster.h"
#include "pool/commit_resolver.h"
#include "pool/pg/canceler.h"
#include "pool/pool_monitor.h"
#include "pool/prober.h"
#include "server/admission.h"
#include "server/call_environment.h"
#include "server/fleet_size.h"
#include "server/health_registry.h"
#include "server/reflection_answers.h"
#include "server/shard.h"
#include "server/sleep_watch.h"
#include "server/slow_query_log.h"
#include "server/statement_stats.h"

namespace pgsluice {

class Server final {
 public:
  Server(const config::v1::Config& config, ClusterOptions cluster_options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Listens and serves; an error says which address could not be had and why.
  absl::Status Start();

  // The steps of a shutdown, in order. Each returns when it is done.
  void ReportNotReady();
  // Open transactions are told; no new ones. Returns when no call is left, at the latest
  // after `longest`, when what is left has been stopped and rolled back.
  void EndCalls(absl::Duration longest);
  // Makes EndCalls stop what is left at once. From any thread.
  void Hurry();
  void CloseSessions();

  int port() const { return port_; }
  int admin_port() const { return admin_port_; }

 private:
  void StopAllCalls();
  // No call is in progress, and no answer under way.
  bool HasDelivered() const;
  // Those that callers keep open without need.
  void CutConnections();
  absl::Status Listen();
  void AcceptOnShards();
  void AcceptHealth(grpc::ServerCompletionQueue* queue,
                    grpc::health::v1::Health::AsyncService& service);
  void AcceptReflection();
  void OnTopologyChange(const Topology& before, const Topology& after);
  asio::awaitable<void> MaintainForEver();
  asio::awaitable<void> MonitorForEver();

  const config::v1::Config config_;
  const absl::Time started_;
  SystemClock clock_;
  SleepWatch sleep_watch_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::shared_ptr<Canceler> canceler_;  // Shared with sessions.
  std::unique_ptr<ConnectorFactory> connectors_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<PoolMonitor> monitor_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<CommitResolver> resolver_;
  std::unique_ptr<FleetSize> fleet_size_;  // Null without a file to follow.
  Admission admission_;
  SlowQueryLog slow_queries_;
  StatementStats statements_;
  HealthRegistry health_;
  ReflectionAnswers reflection_answers_;
  std::unique_ptr<CallEnvironment> environment_;

  v1::GatewayService::AsyncService gateway_service_;
  grpc::health::v1::Health::AsyncService health_service_;
  grpc::health::v1::Health::AsyncService admin_health_service_;
  grpc::reflection::v1::ServerReflection::AsyncService reflection_service_;
  grpc::reflection::v1alpha::ServerReflection::AsyncService old_reflection_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> admin_server_;
  grpc::ServerCompletionQueue* admin_queue_ = nullptr;
  int port_ = 0;
  int admin_port_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> is_hurried_{false};
};

}  // namespace pgsluice
