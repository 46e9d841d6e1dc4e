// A child process with a clean environment, its output in a file. It dies with the
// test, however that ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pgsluice::testing {

struct ProcessSpec {
  std::vector<std::string> argv;  // argv[0] is the path of the program.
  // "NAME=value", beside PATH, HOME, LANG and the settings of sanitizers; nothing else
  // is inherited, so that no PGHOST of the developer's gets in.
  std::vector<std::string> environment;
  std::string stdout_path;  // Appended to; empty: as stderr_path.
  std::string stderr_path;  // Appended to.
  std::string stdin_path = "/dev/null";
  std::string working_dir = "/";
  bool is_unprivileged = false;  // See unprivileged_user.h.
  int death_signal = 9;          // Sent to it when the starting thread ends.
};

class Process final {
 public:
  // Start it from a thread that lives as long as the process shall.
  static absl::StatusOr<std::unique_ptr<Process>> Start(const ProcessSpec& spec);
  // Kills it, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal_number);
  bool IsRunning();
  // Its exit status, or 128 + the signal that ended it.
  absl::StatusOr<int> Wait(absl::Time deadline);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  void Reap(int options);

  const pid_t pid_;
  std::optional<int> exit_status_;
};

// Runs it to its end; returns its exit status.
absl::StatusOr<int> RunProcess(const ProcessSpec& spec, absl::Duration limit);

// Of any process; empty when it is not there.
std::vector<pid_t> ChildrenOf(pid_t parent);
// Not one that has ended and that nobody has asked about yet.
bool IsAlive(pid_t pid);

// All of a file, or "" when it is not there.
std::string ReadFile(const std::string& path);

}  // namespace pgsluice::testing
