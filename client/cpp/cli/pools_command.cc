#include "client/cpp/cli/pools_command.h"

#include <cstdio>

#include "client/cpp/cli/alert_text.h"
#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/message_json.h"
#include "client/cpp/cli/pools_lines.h"
#include "client/cpp/cli/pools_watch.h"
#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(5);

std::string PoolName(const v1::EndpointPoolStats& pool) {
  return RoleText(pool.role()) + (pool.retired() ? ", retired" : "") +
         (pool.paused() ? ", paused" : "");
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

std::string AlertLines(const v1::PoolStatsResponse& stats) {
  std::string lines;
  for (const v1::EndpointMonitor& monitor : stats.monitors()) {
    for (const v1::Alert& alert : monitor.alerts()) {
      if (!IsFiring(alert)) continue;
      lines += "ALERT " + monitor.endpoint() + ": " +
               AlertText(alert.kind(), alert.value(), alert.threshold()) + "\n";
    }
  }
  return lines;
}

ExitCode RunPoolsCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const PoolsCommandOptions& options) {
  if (options.watch) return WatchPools(client, connection, options);
  absl::StatusOr<v1::PoolStatsResponse> stats =
      client.PoolStats(connection.timeout.value_or(kDefaultTimeout), options.history);
  if (!stats.ok()) return Fail(stats.status());
  absl::StatusOr<std::string> text = options.json
                                         ? MessageJson(*stats, JsonLayout::kIndented)
                                         : PoolsTable(*stats) + AlertLines(*stats);
  if (!text.ok()) return Fail(text.status());
  std::fputs(text->c_str(), stdout);
  return ExitCode::kOk;
}

}  // namespace pgsluice::cli
