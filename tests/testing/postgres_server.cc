#include "tests/testing/postgres_server.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <signal.h>

#include "absl/strings/str_cat.h"

#include "tests/testing/sql_connection.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kStartLimit = absl::Seconds(30);

}  // namespace

PostgresServer::~PostgresServer() {
  if (process_ == nullptr) return;
  Thaw();
  Stop(StopMode::kImmediate).IgnoreError();  // The test is over.
}

absl::Status PostgresServer::Start() {
  ProcessSpec spec;
  spec.argv = {options_.bin_dir + "/postgres", "-D", options_.data_dir,  "-p",
               absl::StrCat(options_.port),    "-k", options_.socket_dir};
  spec.stderr_path = options_.log_path;
  spec.working_dir = options_.socket_dir;
  spec.is_unprivileged = true;
  spec.death_signal = SIGQUIT;  // Takes its children along.
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);

  const auto is_up = [&] {
    return !process_->IsRunning() || SqlConnection::Open(local_conninfo()).ok();
  };
  if (WaitFor("the server accepts connections", is_up, kStartLimit) &&
      process_->IsRunning()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("PostgreSQL did not start:\n", ReadFile(options_.log_path)));
}

absl::Status PostgresServer::Stop(StopMode mode) {
  if (process_ == nullptr) return absl::OkStatus();
  if (mode == StopMode::kKill) return Kill();
  process_->Signal(mode == StopMode::kFast ? SIGINT : SIGQUIT);
  const auto exit_status = process_->Wait(absl::Now() + kStartLimit);
  process_.reset();
  return exit_status.status();
}

absl::Status PostgresServer::Kill() {
  const std::vector<pid_t> pids = ProcessIds();
  for (const pid_t pid : pids) kill(pid, SIGKILL);
  const auto exit_status = process_->Wait(absl::Now() + kStartLimit);
  process_.reset();
  if (!exit_status.ok()) return exit_status.status();
  // A server that starts again refuses to as long as one of them has its memory.
  const auto are_gone = [&] { return std::none_of(pids.begin(), pids.end(), IsAlive); };
  if (WaitFor("its processes are gone", are_gone, kStartLimit)) return absl::OkStatus();
  return absl::DeadlineExceededError("processes of a killed server do not end");
}

void PostgresServer::Freeze() {
  for (const pid_t pid : ProcessIds()) kill(pid, SIGSTOP);
}

void PostgresServer::FreezePostmaster() { process_->Signal(SIGSTOP); }

void PostgresServer::Thaw() {
  for (const pid_t pid : ProcessIds()) kill(pid, SIGCONT);
}

std::string PostgresServer::conninfo() const {
  return absl::StrCat("host=127.0.0.1 port=", options_.port,
                      " user=postgres dbname=postgres");
}

std::string PostgresServer::local_conninfo() const {
  return absl::StrCat("host=", options_.socket_dir, " port=", options_.port,
                      " user=postgres dbname=postgres");
}

std::vector<pid_t> PostgresServer::ProcessIds() const {
  if (process_ == nullptr) return {};
  std::vector<pid_t> ids = {process_->pid()};  // First, so that it forks no more.
  for (const pid_t pid : ChildrenOf(process_->pid())) ids.push_back(pid);
  return ids;
}

std::string FindPostgresBinDir() {
  std::string newest;
  int newest_version = 0;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    const int version = std::atoi(entry.path().filename().c_str());
    const auto bin_dir = entry.path() / "bin";
    if (version > newest_version && std::filesystem::exists(bin_dir / "initdb")) {
      newest = bin_dir;
      newest_version = version;
    }
  }
  return newest;
}

}  // namespace pgsluice::testing
