#include "tests/testing/process.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <signal.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/testing/unprivileged_user.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr int kExecFailed = 127;

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> CleanEnvironment(const ProcessSpec& spec) {
  std::vector<std::string> environment = {"LANG=C.UTF-8", "HOME=/nonexistent"};
  for (const char* name :
       {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = getenv(name)) {
      environment.push_back(absl::StrCat(name, "=", value));
    }
  }
  environment.insert(environment.end(), spec.environment.begin(), spec.environment.end());
  return environment;
}

bool Redirect(const std::string& path, int flags, int fd) {
  const int file = open(path.c_str(), flags, 0644);
  return file >= 0 && dup2(file, fd) == fd;
}

bool DropPrivileges(const std::optional<UnprivilegedUser>& user) {
  if (!user.has_value()) return true;
  return setgroups(0, nullptr) == 0 && setgid(user->gid) == 0 && setuid(user->uid) == 0;
}

// Between fork and exec: only calls that are safe in a copy of a threaded process.
[[noreturn]] void Become(const ProcessSpec& spec, char* const* argv, char* const* envp,
                         const std::optional<UnprivilegedUser>& user) {
  constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  const std::string& out = spec.stdout_path.empty() ? spec.stderr_path : spec.stdout_path;
  const bool is_ready = Redirect(spec.stdin_path, O_RDONLY, STDIN_FILENO) &&
                        Redirect(out, kAppend, STDOUT_FILENO) &&
                        Redirect(spec.stderr_path, kAppend, STDERR_FILENO) &&
                        chdir(spec.working_dir.c_str()) == 0 && DropPrivileges(user);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // After the change of user, which clears it.
  prctl(PR_SET_PDEATHSIG, spec.death_signal);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  if (is_ready) execve(argv[0], argv, envp);
  _exit(kExecFailed);
}

// Fields 3 and 4 of /proc/<pid>/stat; the command in field 2 may hold spaces.
struct ProcessState {
  char state = 'X';  // As of one that is gone.
  pid_t parent = 0;
};

ProcessState StateOf(const std::filesystem::path& process_dir) {
  std::ifstream file(process_dir / "stat");
  std::string text;
  std::getline(file, text);
  const size_t end_of_command = text.rfind(')');
  if (end_of_command == std::string::npos || text.size() < end_of_command + 5) return {};
  return {.state = text[end_of_command + 2],
          .parent = std::atoi(text.c_str() + end_of_command + 4)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const ProcessSpec& spec) {
  std::vector<std::string> arguments = spec.argv;
  std::vector<std::string> environment = CleanEnvironment(spec);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const auto user = spec.is_unprivileged ? FindUnprivilegedUser() : std::nullopt;

  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("fork for ", spec.argv[0]));
  if (pid == 0) Become(spec, argv.data(), envp.data(), user);
  return std::unique_ptr<Process>(new Process(pid));
}

Process::~Process() {
  if (!IsRunning()) return;
  Signal(SIGKILL);
  Signal(SIGCONT);
  Reap(0);
}

void Process::Signal(int signal_number) {
  if (!exit_status_.has_value()) kill(pid_, signal_number);
}

bool Process::IsRunning() {
  Reap(WNOHANG);
  return !exit_status_.has_value();
}

absl::StatusOr<int> Process::Wait(absl::Time deadline) {
  if (!WaitFor("process ends", [&] { return !IsRunning(); }, deadline - absl::Now())) {
    return absl::DeadlineExceededError(absl::StrCat("process ", pid_, " does not end"));
  }
  return *exit_status_;
}

void Process::Reap(int options) {
  if (exit_status_.has_value()) return;
  int status = 0;
  if (waitpid(pid_, &status, options) != pid_) return;
  exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

absl::StatusOr<int> RunProcess(const ProcessSpec& spec, absl::Duration limit) {
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  return (*process)->Wait(absl::Now() + limit);
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;  // Processes may end while we look.
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && StateOf(entry.path()).parent == parent) children.push_back(pid);
  }
  return children;
}

bool IsAlive(pid_t pid) {
  const char state = StateOf(absl::StrCat("/proc/", pid)).state;
  return state != 'X' && state != 'Z';
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace pgsluice::testing
