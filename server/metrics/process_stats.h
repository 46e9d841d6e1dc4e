// What the system knows of this process: /proc/self, since prometheus-cpp does not tell.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace pgsluice {

// Absent: not to be read.
struct ProcessStats {
  std::optional<absl::Duration> cpu;
  std::optional<double> resident_bytes;
  std::optional<double> virtual_bytes;
  std::optional<absl::Time> started;
  std::optional<double> threads;
  std::optional<double> open_files;
  std::optional<double> max_files;
};

// What is read of /proc/self/stat. `boot`: when the system started.
void ParseStat(std::string_view stat, absl::Time boot, double ticks_per_second,
               double page_bytes, ProcessStats& stats);
// The line "btime" of /proc/stat.
std::optional<absl::Time> ParseBootTime(std::string_view stat);

ProcessStats ReadProcessStats();

}  // namespace pgsluice
