// pgsluiced: reads the configuration, serves until told to stop, and ends in order.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/config/cluster_options.h"
#include "server/config/command_line.h"
#include "server/config/config_reference.h"
#include "server/config/environment.h"
#include "server/config/load_config.h"
#include "server/config/print_config.h"
#include "server/config/profile.h"
#include "server/log.h"
#include "server/server.h"
#include "server/server_settings.h"
#include "server/version.h"

namespace pgsluice {
namespace {

constexpr int kBadUsage = 2;

int Complain(const absl::Status& status, int exit_status) {
  std::fprintf(stderr, "pgsluiced: %s\n", std::string(status.message()).c_str());
  return exit_status;
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

// SIGTERM and SIGINT are waited for by the main thread; every other one leaves them to
// it, so they are blocked before any thread begins.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// False when the time was over first.
bool WaitForSignal(const sigset_t& signals, absl::Duration longest) {
  const timespec timeout = absl::ToTimespec(longest);
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

// Walk F: not ready, a delay in which all is served, then calls end, then sessions. A
// second signal skips what is left of the waiting.
void ShutDown(Server& server, const config::v1::Config& config, const sigset_t& signals) {
  const absl::Duration delay = ToDuration(config.shutdown().drain_delay());
  const absl::Duration deadline = ToDuration(config.shutdown().drain_deadline());
  Log(LogLevel::kInfo, "shutting down",
      {{"drain_delay_ms", absl::ToDoubleMilliseconds(delay)},
       {"drain_deadline_ms", absl::ToDoubleMilliseconds(deadline)}});
  server.ReportNotReady();
  if (WaitForSignal(signals, delay)) server.Hurry();
  std::atomic<bool> is_done{false};
  std::thread hurry([&] {
    while (!is_done) {
      if (WaitForSignal(signals, absl::Milliseconds(50))) server.Hurry();
    }
  });
  server.EndCalls(deadline);
  server.CloseSessions();
  is_done = true;
  hurry.join();
}

int Serve(const LoadedConfig& loaded) {
  const config::v1::Config& config = loaded.config;
  absl::StatusOr<ClusterOptions> cluster_options = ToClusterOptions(config);
  if (!cluster_options.ok()) return Complain(cluster_options.status(), kBadUsage);
  const sigset_t signals = BlockStopSignals();
  StartLog(LogLevelOf(config), LogFormatOf(config));
  for (const std::string& note : loaded.notes) Log(LogLevel::kWarning, note);

  Server server(config, *std::move(cluster_options));
  if (absl::Status started = server.Start(); !started.ok()) {
    Complain(started, 1);
    std::fflush(stderr);
    std::_Exit(1);  // Half a server has nothing to clean up but threads.
  }
  Log(LogLevel::kInfo, "serving",
      {{"version", kVersion},
       {"address", config.server().listen_address()},
       {"port", static_cast<uint64_t>(server.port())},
       {"admin_port", static_cast<uint64_t>(server.admin_port())},
       {"profile", ProfileName(config.profile())},
       {"endpoints", static_cast<uint64_t>(config.endpoints_size())}});
  int received = 0;
  sigwait(&signals, &received);
  ShutDown(server, config, signals);
  Log(LogLevel::kInfo, "stopped");
  return 0;
}

int Main(int argc, char** argv, char** envp) {
  // Debian builds Abseil with the detection on; it costs at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const absl::StatusOr<CommandLine> command = ParseCommandLine(argc, argv, kVersion);
  if (!command.ok()) return Complain(command.status(), kBadUsage);
  switch (command->action) {
    case CommandLineAction::kPrint: return Print(command->text);
    case CommandLineAction::kExampleConfig: return Print(ExampleConfig());
    case CommandLineAction::kConfigReference: return Print(ConfigReference());
    case CommandLineAction::kServe:
    case CommandLineAction::kCheckConfig:
    case CommandLineAction::kDumpConfig: break;
  }
  const absl::StatusOr<LoadedConfig> loaded =
      LoadConfig({.file = command->config_file,
                  .sets = command->sets,
                  .environment = ReadEnvironment(envp)});
  if (!loaded.ok()) return Complain(loaded.status(), kBadUsage);
  switch (command->action) {
    case CommandLineAction::kCheckConfig:
      // The secret files are read, too.
      if (absl::Status readable = ToClusterOptions(loaded->config).status();
          !readable.ok()) {
        return Complain(readable, kBadUsage);
      }
      for (const std::string& note : loaded->notes) {
        std::fprintf(stderr, "note: %s\n", note.c_str());
      }
      return Print("the configuration is valid\n");
    case CommandLineAction::kDumpConfig: return Print(DumpConfig(*loaded));
    default: return Serve(*loaded);
  }
}

}  // namespace
}  // namespace pgsluice

int main(int argc, char** argv, char** envp) { return pgsluice::Main(argc, argv, envp); }
