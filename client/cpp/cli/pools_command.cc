#include "client/cpp/cli/pools_command.h"

#include <cstdio>
#include <unistd.h>

#include "absl/time/clock.h"
#include "google/protobuf/util/json_util.h"

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(5);
constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

std::string PoolName(const v1::EndpointPoolStats& pool) {
  std::string name = pool.role() == v1::ROLE_PRIMARY   ? "primary"
                     : pool.role() == v1::ROLE_REPLICA ? "replica"
                                                       : "unknown";
  return pool.retired() ? name + ", retired" : name;
}

absl::StatusOr<std::string> JsonText(const v1::PoolStatsResponse& stats,
                                     bool on_one_line) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !on_one_line;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(stats, &text, options).ok()) {
    return absl::InternalError("the answer cannot be written as JSON");
  }
  if (on_one_line) text += '\n';
  return text;
}

ExitCode Fail(const absl::Status& failure) {
  std::fputs(ErrorReport(failure, "").c_str(), stderr);
  return ExitCodeFor(failure);
}

}  // namespace

std::string PoolsTable(const v1::PoolStatsResponse& stats) {
  AlignedFormat format({{"endpoint"},
                        {"pool"},
                        {"open", Align::kRight},
                        {"max", Align::kRight},
                        {"idle", Align::kRight},
                        {"leased", Align::kRight},
                        {"maint", Align::kRight},
                        {"dialing", Align::kRight},
                        {"waiters", Align::kRight},
                        {"oldest", Align::kRight},
                        {"acquired", Align::kRight},
                        {"waited", Align::kRight},
                        {"timeouts", Align::kRight},
                        {"opened", Align::kRight},
                        {"failed", Align::kRight},
                        {"last error"}},
                       "", true);
  std::vector<TableRow> rows;
  for (const v1::EndpointPoolStats& pool : stats.pools()) {
    const v1::PoolCounters& counters = pool.counters();
    rows.push_back(
        {pool.endpoint(), PoolName(pool), std::to_string(pool.open()),
         std::to_string(pool.max_size()), std::to_string(pool.idle()),
         std::to_string(pool.leased()), std::to_string(pool.maintenance()),
         std::to_string(pool.connecting()), std::to_string(pool.waiters()),
         pool.has_oldest_wait() ? DurationText(ToDuration(pool.oldest_wait())) : "",
         std::to_string(counters.acquired()),
         std::to_string(counters.acquired_after_wait()),
         std::to_string(counters.acquire_timeouts()), std::to_string(counters.opened()),
         std::to_string(counters.connect_failures()), pool.last_error()});
  }
  return format.Format(rows) +
         "calls in progress: " + std::to_string(stats.calls_in_progress()) +
         ", transactions in progress: " +
         std::to_string(stats.transactions_in_progress()) + "\n";
}

ExitCode RunPoolsCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const PoolsCommandOptions& options) {
  while (true) {
    absl::StatusOr<v1::PoolStatsResponse> stats =
        client.PoolStats(connection.timeout.value_or(kDefaultTimeout));
    if (!stats.ok()) return Fail(stats.status());
    absl::StatusOr<std::string> text =
        options.json ? JsonText(*stats, options.watch) : PoolsTable(*stats);
    if (!text.ok()) return Fail(text.status());
    if (options.watch && !options.json && isatty(STDOUT_FILENO)) {
      std::fputs(kClearScreen, stdout);
    }
    std::fputs(text->c_str(), stdout);
    std::fflush(stdout);
    if (!options.watch) return ExitCode::kOk;
    absl::SleepFor(options.interval);
  }
}

}  // namespace pgsluice::cli
