// pgsluiced: reads the configuration, serves until told to stop, and ends in order.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>
#include <unistd.h>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/idempotency_sql.h"
#include "server/config/cluster_options.h"
#include "server/config/command_line.h"
#include "server/config/config_reference.h"
#include "server/config/environment.h"
#include "server/config/load_config.h"
#include "server/config/print_config.h"
#include "server/config/profile.h"
#include "server/doctor/doctor.h"
#include "server/file_limit.h"
#include "server/grpc_log.h"
#include "server/hot_settings.h"
#include "server/log.h"
#include "server/server.h"
#include "server/server_settings.h"
#include "server/statement_store.h"
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

// The signals that the main thread waits for; every other one leaves them to it, so they
// are blocked before any thread begins.
struct Signals {
  sigset_t stop;  // SIGTERM and SIGINT.
  sigset_t all;   // And SIGHUP.
};

Signals BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  Signals result{.stop = signals, .all = signals};
  sigaddset(&result.all, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &result.all, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return result;
}

// Returns at the first stop signal.
void ReloadUntilStopped(Server& server, const Signals& signals) {
  int received = 0;
  while (sigwait(&signals.all, &received) != 0 || received == SIGHUP) {
    if (received == SIGHUP) server.Reload();
  }
}

// False when the time was over first.
bool WaitForSignal(const sigset_t& signals, absl::Duration longest) {
  const timespec timeout = absl::ToTimespec(longest);
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

// Walk F: not ready, a delay in which all is served, then calls end, then sessions. A
// second signal skips what is left of the waiting.
void ShutDown(Server& server, const sigset_t& signals) {
  const auto [delay, deadline] = server.shutdown_times();
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
  server.FlushSpans();
  is_done = true;
  hurry.join();
}

// Half a server has nothing to clean up but threads.
[[noreturn]] void GiveUp(const absl::Status& why) {
  Complain(why, 1);
  std::fflush(stderr);
  std::_Exit(1);
}

void HaveRoomForConnections(uint64_t max_connections) {
  const uint64_t files = RaiseFileLimit();
  if (files == 0 || files > max_connections) return;
  Log(LogLevel::kWarning,
      "the system lets the process open fewer files than server.max_connections",
      {{"max_connections", max_connections}, {"max_files", files}});
}

int Serve(const LoadedConfig& loaded, const ConfigSources& sources) {
  const config::v1::Config& config = loaded.config;
  absl::StatusOr<HotSettings> hot = HotSettingsOf(config);
  if (!hot.ok()) return Complain(hot.status(), kBadUsage);
  const Signals signals = BlockSignals();
  StartLog(LogLevelOf(config), LogFormatOf(config));
  RouteGrpcLog();
  SetGrpcLogLevel(LogLevelOf(config));
  HaveRoomForConnections(config.server().max_connections());
  for (const std::string& note : loaded.notes) Log(LogLevel::kWarning, note);

  Server server(config, sources, *std::move(hot));
  server.OnUnfit([] { kill(getpid(), SIGTERM); });
  if (absl::Status started = server.Start(); !started.ok()) GiveUp(started);
  Log(LogLevel::kInfo, "serving",
      {{"version", kVersion},
       {"address", config.server().listen_address()},
       {"port", static_cast<uint64_t>(server.port())},
       {"admin_port", static_cast<uint64_t>(server.admin_port())},
       {"metrics_port", static_cast<uint64_t>(server.metrics_port())},
       {"admin_service", ServesAdmin(config) ? "on" : "off"},
       {"profile", ProfileName(config.profile())},
       {"endpoints", static_cast<uint64_t>(config.endpoints_size())}});
  ReloadUntilStopped(server, signals);
  if (absl::Status fitness = server.fitness(); !fitness.ok()) GiveUp(fitness);
  ShutDown(server, signals.stop);
  Log(LogLevel::kInfo, "stopped");
  return 0;
}

int Examine(const config::v1::Config& config, doctor::ReportForm form) {
  std::signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<doctor::DoctorResult> result = doctor::RunDoctor(config, form);
  if (!result.ok()) return Complain(result.status(), kBadUsage);
  Print(result->report);
  std::fflush(stdout);
  std::_Exit(result->exit_status);  // A thread may still wait for a server.
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
    case CommandLineAction::kDumpConfig:
    case CommandLineAction::kDoctor:
    case CommandLineAction::kDoctorJson:
    case CommandLineAction::kIdempotencySql: break;
  }
  const ConfigSources sources = {.file = command->config_file,
                                 .sets = command->sets,
                                 .environment = ReadEnvironment(envp)};
  const absl::StatusOr<LoadedConfig> loaded = LoadConfig(sources);
  if (!loaded.ok()) return Complain(loaded.status(), kBadUsage);
  switch (command->action) {
    case CommandLineAction::kCheckConfig:
      // The files that it names are read, too.
      if (absl::Status readable = ToClusterOptions(loaded->config).status();
          !readable.ok()) {
        return Complain(readable, kBadUsage);
      }
      if (absl::Status named =
              StatementStore().Follow(loaded->config.named_statements().file());
          !named.ok()) {
        return Complain(named, kBadUsage);
      }
      for (const std::string& note : loaded->notes) {
        std::fprintf(stderr, "note: %s\n", note.c_str());
      }
      return Print("the configuration is valid\n");
    case CommandLineAction::kDumpConfig: return Print(DumpConfig(*loaded));
    case CommandLineAction::kDoctor:
      return Examine(loaded->config, doctor::ReportForm::kText);
    case CommandLineAction::kDoctorJson:
      return Examine(loaded->config, doctor::ReportForm::kJson);
    case CommandLineAction::kIdempotencySql:
      return Print(IdempotencyScript(IdempotencyTableOf(loaded->config)));
    default: return Serve(*loaded, sources);
  }
}

}  // namespace
}  // namespace pgsluice

int main(int argc, char** argv, char** envp) { return pgsluice::Main(argc, argv, envp); }
