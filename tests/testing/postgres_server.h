// One PostgreSQL server on a data directory that exists: start, stop, freeze.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "tests/testing/process.h"

namespace pgsluice::testing {

enum class StopMode {
  kFast,       // Sessions are ended, data is flushed.
  kImmediate,  // As a crash.
  kKill,       // SIGKILL to every process of it, as when the machine loses power.
};

class PostgresServer final {
 public:
  struct Options {
    std::string bin_dir;
    std::string data_dir;
    std::string socket_dir;
    std::string log_path;
    int port;
  };
  explicit PostgresServer(Options options) : options_(std::move(options)) {}
  ~PostgresServer();

  // Returns once it accepts connections.
  absl::Status Start();
  absl::Status Stop(StopMode mode);
  // SIGSTOP to every process of it: the kernel still accepts and acknowledges.
  void Freeze();
  // SIGSTOP to the postmaster only: its backends go on, new connections are not served.
  void FreezePostmaster();
  void Thaw();

  int port() const { return options_.port; }
  const std::string& data_dir() const { return options_.data_dir; }
  const std::string& log_path() const { return options_.log_path; }
  // For the gateway, by TCP.
  std::string conninfo() const;
  // For the test, by Unix socket.
  std::string local_conninfo() const;

 private:
  absl::Status Kill();
  std::vector<pid_t> ProcessIds() const;

  const Options options_;
  std::unique_ptr<Process> process_;
};

// Directory of the newest installed server's programs; empty when there is none.
std::string FindPostgresBinDir();

}  // namespace pgsluice::testing
