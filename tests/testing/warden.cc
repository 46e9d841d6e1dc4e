// warden <program> [arguments]: runs it, and is the parent of whatever it leaves behind.
// SIGTERM, which it also gets when the process that started it ends, kills all of them
// (SIGKILL) as a machine that loses power would; then it ends itself.
// Patroni starts PostgreSQL so that it outlives Patroni: without a warden it would
// outlive the test, too, and be reaped by nobody in a container without an init.
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/process.h"

namespace {

// Between two looks at what has ended, and at what is left.
constexpr timespec kReapInterval = {.tv_sec = 0, .tv_nsec = 20'000'000};
constexpr timespec kKillInterval = {.tv_sec = 0, .tv_nsec = 1'000'000};
constexpr int kExecFailed = 127;

void ReapAll() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

bool HasChildren() { return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

// Children of what is killed become ours, and are killed in the next round.
void KillAll() {
  while (HasChildren()) {
    for (const pid_t pid : pgsluice::testing::ChildrenOf(getpid())) kill(pid, SIGKILL);
    nanosleep(&kKillInterval, nullptr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  sigaddset(&awaited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &awaited, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t program = fork();
  if (program < 0) return EXIT_FAILURE;
  if (program == 0) {
    sigprocmask(SIG_UNBLOCK, &awaited, nullptr);
    execv(argv[1], argv + 1);
    _exit(kExecFailed);
  }
  while (sigtimedwait(&awaited, nullptr, &kReapInterval) != SIGTERM) ReapAll();
  KillAll();
  return EXIT_SUCCESS;
}
