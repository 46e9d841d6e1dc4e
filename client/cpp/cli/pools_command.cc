#include "client/cpp/cli/pools_command.h"

#include <algorithm>
#include <cstdio>
#include <utility>

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
  const bool has_logins =
      std::any_of(stats.pools().begin(), stats.pools().end(),
                  [](const auto& pool) { return !pool.login().empty(); });
  std::vector<TableColumn> columns = {{"endpoint"}, {"pool"}};
  if (has_logins) columns.push_back({"login"});
  for (const char* figure :
       {"open", "max", "idle", "leased", "maint", "dialing", "waiters", "oldest",
        "acquired", "waited", "timeouts", "opened", "failed"}) {
    columns.push_back({figure, Align::kRight});
  }
  columns.push_back({"last error"});
  AlignedFormat format(std::move(columns), "", true);
  std::vector<TableRow> rows;
  for (const v1::EndpointPoolStats& pool : stats.pools()) {
    const v1::PoolCounters& counters = pool.counters();
    TableRow& row = rows.emplace_back(TableRow{pool.endpoint(), PoolName(pool)});
    if (has_logins) row.emplace_back(pool.login());
    for (const uint64_t figure :
         {uint64_t{pool.open()}, uint64_t{pool.max_size()}, uint64_t{pool.idle()},
          uint64_t{pool.leased()}, uint64_t{pool.maintenance()},
          uint64_t{pool.connecting()}, uint64_t{pool.waiters()}}) {
      row.emplace_back(std::to_string(figure));
    }
    row.emplace_back(pool.has_oldest_wait() ? DurationText(ToDuration(pool.oldest_wait()))
                                            : "");
    for (const uint64_t figure :
         {counters.acquired(), counters.acquired_after_wait(),
          counters.acquire_timeouts(), counters.opened(), counters.connect_failures()}) {
      row.emplace_back(std::to_string(figure));
    }
    row.emplace_back(pool.last_error());
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
