// The process, under the names that all clients of Prometheus use.
#include <optional>

#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

void Add(FamilyType type, std::string_view name, std::string_view help,
         std::optional<double> value, Families& families) {
  Family& family = families.emplace_back(Family{
      .type = type, .name = std::string(name), .labels = {}, .help = std::string(help)});
  if (value.has_value()) family.Add({}, *value);
}

}  // namespace

void AddProcessFamilies(const GatewaySnapshot& snapshot, Families& families) {
  const ProcessStats& process = snapshot.process;
  std::optional<double> cpu;
  if (process.cpu.has_value()) cpu = InSeconds(*process.cpu);
  std::optional<double> started;
  if (process.started.has_value()) {
    started = InSeconds(*process.started - absl::UnixEpoch());
  }
  Add(FamilyType::kCounter, "process_cpu_seconds_total",
      "CPU time that the process has used", cpu, families);
  const auto gauge = FamilyType::kGauge;
  Add(gauge, "process_resident_memory_bytes", "Resident memory", process.resident_bytes,
      families);
  Add(gauge, "process_virtual_memory_bytes", "Virtual memory", process.virtual_bytes,
      families);
  Add(gauge, "process_start_time_seconds", "When the process started", started, families);
  Add(gauge, "process_threads", "Threads", process.threads, families);
  Add(gauge, "process_open_fds", "Open file descriptors", process.open_files, families);
  Add(gauge, "process_max_fds", "Most open file descriptors", process.max_files,
      families);
}

}  // namespace pgsluice
