#include "server/metrics/process_stats.h"

#include <array>
#include <cstdint>
#include <dirent.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace pgsluice {

namespace {

// Of /proc/self/stat, counted from behind the name's closing parenthesis: see proc(5).
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kThreads = 17;
constexpr size_t kStartTicks = 19;
constexpr size_t kVirtualBytes = 20;
constexpr size_t kResidentPages = 21;

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<double> CountOpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  double count = 0;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(folder);
  return count - 1;  // The folder itself was one.
}

}  // namespace

void ParseStat(std::string_view stat, absl::Time boot, double ticks_per_second,
               double page_bytes, ProcessStats& stats) {
  // The name may hold anything, parentheses too.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return;
  std::istringstream fields{std::string(stat.substr(name_end + 1))};
  std::string state;
  fields >> state;
  std::array<double, kResidentPages + 1> numbers = {};
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (!(fields >> numbers[i])) return;
  }
  stats.cpu =
      absl::Seconds((numbers[kUserTicks] + numbers[kSystemTicks]) / ticks_per_second);
  stats.threads = numbers[kThreads];
  stats.started = boot + absl::Seconds(numbers[kStartTicks] / ticks_per_second);
  stats.virtual_bytes = numbers[kVirtualBytes];
  stats.resident_bytes = numbers[kResidentPages] * page_bytes;
}

std::optional<absl::Time> ParseBootTime(std::string_view stat) {
  std::istringstream lines{std::string(stat)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t seconds = 0;
    if (words >> name >> seconds && name == "btime") {
      return absl::FromUnixSeconds(seconds);
    }
  }
  return std::nullopt;
}

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  const std::optional<absl::Time> boot = ParseBootTime(ReadAll("/proc/stat"));
  ParseStat(ReadAll("/proc/self/stat"), boot.value_or(absl::UnixEpoch()),
            static_cast<double>(sysconf(_SC_CLK_TCK)),
            static_cast<double>(sysconf(_SC_PAGESIZE)), stats);
  if (!boot.has_value()) stats.started.reset();
  stats.open_files = CountOpenFiles();
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    stats.max_files = static_cast<double>(limit.rlim_cur);
  }
  return stats;
}

}  // namespace pgsluice
