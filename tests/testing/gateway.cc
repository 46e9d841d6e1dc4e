#include "tests/testing/gateway.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <signal.h>
#include <sstream>

#include "absl/strings/str_cat.h"

#include "tests/testing/free_port.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

// Servers of tests have no other user but postgres.
constexpr std::string_view kLogin = "session.privileged_login=ALLOWED";

// Quick where production is patient.
constexpr std::string_view kDefaults[] = {
    "server.shards=2",
    "pools.primary.min_size=1",
    "pools.replica.min_size=1",
    "pools.primary.backoff_max=300ms",
    "pools.replica.backoff_max=300ms",
    "probe.interval=100ms",
    "log.format=JSON",
    "shutdown.drain_delay=0s",
    "shutdown.drain_deadline=5s",
    kLogin,
};

std::string NextStem(const std::string& temp_path) {
  static std::atomic<int> number = 0;
  return absl::StrCat(temp_path, "/gateway", ++number);
}

void WriteConfiguration(const GatewaySettings& settings, const std::string& path,
                        int port, int admin_port) {
  std::ofstream file(path);
  if (!settings.conninfos.empty()) file << "endpoints:\n";
  for (size_t i = 0; i < settings.conninfos.size(); ++i) {
    file << "  - name: server" << i << "\n"
         << "    conninfo: \"" << settings.conninfos[i] << "\"\n";
  }
  file << "server:\n"
       << "  listen_address: 127.0.0.1:" << port << "\n"
       << "  admin_listen_address: 127.0.0.1:" << admin_port << "\n"
       << "  metrics_listen_address: \"\"\n";
}

// With a file that is not the test's own, only the ports are set beside it, and the login
// is allowed.
std::vector<std::string> SetsBesideFile(const GatewaySettings& settings, int port,
                                        int admin_port) {
  if (settings.config_file.empty()) return {std::begin(kDefaults), std::end(kDefaults)};
  return {absl::StrCat("server.listen_address=127.0.0.1:", port),
          absl::StrCat("server.admin_listen_address=127.0.0.1:", admin_port),
          "server.metrics_listen_address=", std::string(kLogin)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const GatewaySettings& settings) {
  const int port = settings.port != 0 ? settings.port : PickFreePort();
  const int admin_port = PickFreePort();
  const std::string stem = NextStem(settings.temp_path);
  WriteConfiguration(settings, stem + ".yaml", port, admin_port);

  ProcessSpec spec;
  spec.argv = settings.wrapper;
  spec.argv.insert(
      spec.argv.end(),
      {PGSLUICED_PATH, "--config",
       settings.config_file.empty() ? stem + ".yaml" : settings.config_file});
  for (const std::string& setting : SetsBesideFile(settings, port, admin_port)) {
    spec.argv.insert(spec.argv.end(), {"--set", setting});
  }
  for (const std::string& setting : settings.set) {
    spec.argv.insert(spec.argv.end(), {"--set", setting});
  }
  spec.environment = settings.environment;
  spec.stderr_path = stem + ".log";
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  return std::unique_ptr<Gateway>(new Gateway(*std::move(process), port, admin_port,
                                              spec.stderr_path, settings.credentials));
}

Gateway::Gateway(std::unique_ptr<Process> process, int port, int admin_port,
                 std::string log_path,
                 std::shared_ptr<grpc::ChannelCredentials> credentials)
    : port_(port),
      admin_port_(admin_port),
      log_path_(std::move(log_path)),
      process_(std::move(process)),
      client_(port, std::move(credentials)),
      health_(admin_port) {}

::testing::AssertionResult Gateway::IsReady(absl::Duration limit) {
  const auto result = WaitFor(
      "the gateway is ready",
      [&] { return !IsRunning() || health_.IsServing("readiness"); }, limit);
  if (result && IsRunning()) return result;
  return ::testing::AssertionFailure() << "the gateway is not ready; its log:\n" << Log();
}

::testing::AssertionResult Gateway::IsQuiet() {
  return HasPools("nothing is in progress", [](const v1::PoolStatsResponse& stats) {
    for (const v1::EndpointPoolStats& pool : stats.pools()) {
      if (pool.leased() + pool.waiters() + pool.connecting() + pool.maintenance() > 0) {
        return false;
      }
    }
    return stats.transactions_in_progress() == 0;
  });
}

::testing::AssertionResult Gateway::HasPools(
    std::string_view what,
    const std::function<bool(const v1::PoolStatsResponse&)>& condition) {
  v1::PoolStatsResponse stats;
  auto result = WaitFor(what, [&] {
    stats = client_.PoolStats();
    return stats.pools_size() > 0 && condition(stats);
  });
  if (!result) result << "\nPoolStats:\n" << stats.DebugString();
  return result;
}

absl::StatusOr<int> Gateway::Stop(absl::Duration limit) {
  process_->Signal(SIGTERM);
  return WaitForEnd(limit);
}

absl::StatusOr<int> Gateway::WaitForEnd(absl::Duration limit) {
  return process_->Wait(absl::Now() + limit);
}

void Gateway::Kill() {
  process_->Signal(SIGKILL);
  // SIGKILL cannot be refused.
  WaitForEnd().status().IgnoreError();
}

int64_t Gateway::PeakMemory() const {
  std::istringstream lines(ReadFile(absl::StrCat("/proc/", process_->pid(), "/status")));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atoll(line.c_str() + 6) * 1024;
  }
  return 0;
}

void Gateway::ResetPeakMemory() const {
  std::ofstream(absl::StrCat("/proc/", process_->pid(), "/clear_refs")) << "5";
}

v1::EndpointPoolStats PoolOf(const v1::PoolStatsResponse& stats,
                             std::string_view endpoint, v1::Role role) {
  for (const v1::EndpointPoolStats& pool : stats.pools()) {
    if (pool.endpoint() == endpoint && pool.role() == role && !pool.retired())
      return pool;
  }
  return {};
}

uint32_t TotalOpen(const v1::PoolStatsResponse& stats, std::string_view endpoint) {
  uint32_t open = 0;
  for (const v1::EndpointPoolStats& pool : stats.pools()) {
    if (pool.endpoint() == endpoint) open += pool.open();
  }
  return open;
}

uint32_t TotalLeased(const v1::PoolStatsResponse& stats) {
  uint32_t leased = 0;
  for (const v1::EndpointPoolStats& pool : stats.pools()) leased += pool.leased();
  return leased;
}

}  // namespace pgsluice::testing
