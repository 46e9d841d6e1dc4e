// The real pgsluiced, as a process with its own configuration file, ports and log.
// Thread-safe, but for Start, Stop and Kill.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "pgsluice/v1/pool_stats.pb.h"
#include "tests/testing/gateway_client.h"
#include "tests/testing/health_client.h"
#include "tests/testing/process.h"

namespace pgsluice::testing {

struct GatewaySettings {
  // One endpoint each, named server0, server1, ...
  std::vector<std::string> conninfos;
  // Used as it is, in place of one made of `conninfos` and the defaults in gateway.cc;
  // only the ports are the test's.
  std::string config_file;
  // "path=value" as for --set, over those defaults.
  std::vector<std::string> set;
  std::vector<std::string> environment;
  // Before the command: a program that makes itself what its last arguments say.
  std::vector<std::string> wrapper;
  // For its files; outlives the gateway.
  std::string temp_path;
  // 0: free ones are picked.
  int port = 0;
  // Of the gateway's client(); null: without TLS.
  std::shared_ptr<grpc::ChannelCredentials> credentials = {};
};

class Gateway final {
 public:
  // Returns as soon as the process runs: see IsReady.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(const GatewaySettings& settings);

  // Waits until it says that it can serve.
  ::testing::AssertionResult IsReady(absl::Duration limit = absl::Seconds(20));
  // Waits until no lease, waiter or connection attempt is left.
  ::testing::AssertionResult IsQuiet();
  // Waits until the pools are as `condition` wants them.
  ::testing::AssertionResult HasPools(
      std::string_view what,
      const std::function<bool(const v1::PoolStatsResponse&)>& condition);

  // SIGTERM, then its exit status.
  absl::StatusOr<int> Stop(absl::Duration limit = absl::Seconds(20));
  // Its exit status, when it is expected to end by itself.
  absl::StatusOr<int> WaitForEnd(absl::Duration limit = absl::Seconds(20));
  void Kill();
  bool IsRunning() { return process_->IsRunning(); }
  void Signal(int signal_number) { process_->Signal(signal_number); }

  pid_t pid() const { return process_->pid(); }
  int port() const { return port_; }
  int admin_port() const { return admin_port_; }
  GatewayClient& client() { return client_; }
  HealthClient& health() { return health_; }
  // All it has logged.
  std::string Log() const { return ReadFile(log_path_); }
  // Highest resident memory since start or ResetPeakMemory, in bytes.
  int64_t PeakMemory() const;
  void ResetPeakMemory() const;

 private:
  Gateway(std::unique_ptr<Process> process, int port, int admin_port,
          std::string log_path, std::shared_ptr<grpc::ChannelCredentials> credentials);

  const int port_;
  const int admin_port_;
  const std::string log_path_;
  const std::unique_ptr<Process> process_;
  GatewayClient client_;
  HealthClient health_;
};

// The pool of `endpoint` that serves `role` and is not retired; empty when there is none.
v1::EndpointPoolStats PoolOf(const v1::PoolStatsResponse& stats,
                             std::string_view endpoint, v1::Role role = v1::ROLE_PRIMARY);
uint32_t TotalOpen(const v1::PoolStatsResponse& stats, std::string_view endpoint);
uint32_t TotalLeased(const v1::PoolStatsResponse& stats);

}  // namespace pgsluice::testing
