#include "tests/bench/pgbench_load.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/cpu_meter.h"
#include "tests/testing/process.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::bench {
namespace {

using testing::Process;
using testing::ProcessSpec;
using testing::ReadFile;

constexpr absl::Duration kEndLimit = absl::Seconds(30);

class PgbenchLoad final : public Load {
 public:
  PgbenchLoad(std::unique_ptr<Process> process, std::string log_path,
              std::string out_path, int seconds)
      : process_(std::move(process)),
        log_path_(std::move(log_path)),
        out_path_(std::move(out_path)),
        seconds_(seconds) {}
  ~PgbenchLoad() override {
    std::error_code ignored;
    std::filesystem::remove(log_path_, ignored);
    std::filesystem::remove(out_path_, ignored);
  }

  double client_cpu() const override { return ProcessCpu(process_->pid()); }

  // The log is buffered: it grows only once requests end.
  absl::Status WaitUnderWay() {
    const auto is_under_way = [&] {
      std::error_code error;
      const auto size = std::filesystem::file_size(log_path_, error);
      return !process_->IsRunning() || (!error && size > 0);
    };
    if (testing::WaitFor("pgbench is at work", is_under_way) && process_->IsRunning()) {
      return absl::OkStatus();
    }
    return Failed("did not start");
  }

  absl::StatusOr<std::vector<double>> Finish(Window window) override {
    const auto exit_status =
        process_->Wait(absl::Now() + absl::Seconds(seconds_) + kEndLimit);
    if (!exit_status.ok()) return exit_status.status();
    const std::string out = ReadFile(out_path_);
    if (*exit_status != 0 ||
        !absl::StrContains(out, "number of failed transactions: 0 (")) {
      return Failed("failed");
    }
    return LatenciesIn(window);
  }

 private:
  absl::Status Failed(const char* what) const {
    return absl::InternalError(
        absl::StrCat("pgbench ", what, ":\n", ReadFile(out_path_)));
  }

  // Lines: client, number, microseconds taken, script, and when it ended as seconds and
  // microseconds since the epoch.
  std::vector<double> LatenciesIn(Window window) const {
    std::ifstream log(log_path_);
    std::vector<double> latencies;
    int64_t client, number, took, script, seconds, microseconds;
    while (log >> client >> number >> took >> script >> seconds >> microseconds) {
      const absl::Time ended =
          absl::FromUnixSeconds(seconds) + absl::Microseconds(microseconds);
      if (ended < window.begin || ended >= window.end) continue;
      latencies.push_back(static_cast<double>(took) / 1000);
    }
    return latencies;
  }

  const std::unique_ptr<Process> process_;
  const std::string log_path_;
  const std::string out_path_;
  const int seconds_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Load>> StartPgbenchLoad(const PgbenchTarget& target,
                                                       int in_flight, int seconds) {
  const std::string prefix = target.temp_path + "/pgbench_log";
  ProcessSpec spec;
  spec.argv = {target.bin_dir + "/pgbench",
               "-n",
               "-M",
               target.protocol,
               "-c",
               absl::StrCat(in_flight),
               "-j",
               "1",
               "-T",
               absl::StrCat(seconds),
               "-l",
               "--log-prefix=" + prefix,
               "-h",
               "127.0.0.1",
               "-p",
               absl::StrCat(target.port),
               "-U",
               "postgres",
               target.database};
  if (target.script.empty()) {
    spec.argv.insert(spec.argv.end() - 1, "-S");
  } else {
    spec.argv.insert(spec.argv.end() - 1, {"-f", target.script});
  }
  spec.stderr_path = target.temp_path + "/pgbench.out";
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  const std::string log_path = absl::StrCat(prefix, ".", (*process)->pid());
  auto load = std::make_unique<PgbenchLoad>(*std::move(process), log_path,
                                            spec.stderr_path, seconds);
  if (absl::Status status = load->WaitUnderWay(); !status.ok()) return status;
  return load;
}

}  // namespace pgsluice::bench
