#include "tests/bench/cpu_meter.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/testing/process.h"

namespace pgsluice::bench {
namespace {

// Of /proc/<pid>/stat, see proc(5).
struct ProcessStat {
  pid_t parent = 0;
  int64_t own_ticks = 0;
  int64_t waited_ticks = 0;
};

ProcessStat ReadStat(pid_t pid) {
  const std::string text = testing::ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  // The command in field 2 may hold spaces.
  const size_t end_of_command = text.rfind(')');
  ProcessStat stat;
  if (end_of_command == std::string::npos) return stat;
  std::istringstream fields(text.substr(end_of_command + 1));
  std::string skipped;
  fields >> skipped >> stat.parent;
  for (int field = 5; field <= 13; ++field) fields >> skipped;
  int64_t user = 0, system = 0, waited_user = 0, waited_system = 0;
  fields >> user >> system >> waited_user >> waited_system;
  stat.own_ticks = user + system;
  stat.waited_ticks = waited_user + waited_system;
  return stat;
}

double Seconds(int64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int64_t StatusBytes(pid_t pid, std::string_view key) {
  std::istringstream lines(testing::ReadFile(absl::StrCat("/proc/", pid, "/status")));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) == 0) return std::atoll(line.c_str() + key.size()) * 1024;
  }
  return 0;
}

}  // namespace

double ProcessCpu(pid_t pid) { return pid == 0 ? 0 : Seconds(ReadStat(pid).own_ticks); }

double FamilyCpu(pid_t pid) {
  const ProcessStat head = ReadStat(pid);
  int64_t ticks = head.own_ticks + head.waited_ticks;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const pid_t other = std::atoi(entry.path().filename().c_str());
    if (other == 0) continue;
    const ProcessStat stat = ReadStat(other);
    if (stat.parent == pid) ticks += stat.own_ticks;
  }
  return Seconds(ticks);
}

double WaitedChildrenCpu() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int64_t ResidentBytes(pid_t pid) { return StatusBytes(pid, "VmRSS:"); }

int64_t PeakResidentBytes(pid_t pid) { return StatusBytes(pid, "VmHWM:"); }

void ResetPeak(pid_t pid) {
  std::ofstream(absl::StrCat("/proc/", pid, "/clear_refs")) << "5";
}

}  // namespace pgsluice::bench
