#include "server/slow_query_log.h"

#include "pool/error.h"
#include "server/log.h"
#include "server/sql_normalizer.h"

namespace pgsluice {

namespace {

constexpr size_t kMaxSqlBytes = 2048;

}  // namespace

void SlowQueryLog::Report(const StatementReport& report) const {
  const absl::Duration total = report.queued + report.execute;
  if (threshold_ <= absl::ZeroDuration() || total < threshold_) return;
  const auto details = DetailsOf(report.status);
  Log(LogLevel::kWarning, "slow statement",
      {{"method", report.method},
       {"duration_ms", absl::ToDoubleMilliseconds(total)},
       {"queued_ms", absl::ToDoubleMilliseconds(report.queued)},
       {"execute_ms", absl::ToDoubleMilliseconds(report.execute)},
       {"rows", report.rows},
       {"endpoint", report.endpoint},
       {"tag", report.tag},
       {"outcome", report.status.ok()    ? std::string_view("ok")
                   : details.has_value() ? std::string_view(details->reason)
                                         : std::string_view("error")},
       {"sql", NormalizeSql(report.sql, kMaxSqlBytes)}});
}

}  // namespace pgsluice
