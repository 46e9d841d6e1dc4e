#include "server/slow_query_log.h"

#include "pool/error.h"
#include "server/log.h"
#include "server/sql_fingerprint.h"
#include "server/sql_normalizer.h"

namespace pgsluice {

namespace {

constexpr size_t kMaxSqlBytes = 2048;

std::string OutcomeOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  const auto details = DetailsOf(status);
  return details.has_value() ? details->reason : "error";
}

}  // namespace

void SlowQueryLog::Write(const StatementReport& report, const CallOrigin& origin) const {
  const uint64_t fingerprint = FingerprintOf(NormalizeSql(report.sql));
  LogAs(LogKind::kSlowQuery, "slow statement", LogLevel::kWarning, "slow statement",
        {{"method", report.method},
         {"duration_ms", absl::ToDoubleMilliseconds(report.total())},
         {"queued_ms", absl::ToDoubleMilliseconds(report.queued)},
         {"execute_ms", absl::ToDoubleMilliseconds(report.execute)},
         {"stream_ms", absl::ToDoubleMilliseconds(report.stream)},
         {"rows", report.rows},
         {"endpoint", report.endpoint},
         {"role", RoleName(report.role)},
         {"caller", origin.caller},
         {"caller_name", origin.name},
         {"trace_id", origin.trace_id},
         {"span_id", origin.span_id},
         {"tag", report.tag},
         {"outcome", OutcomeOf(report.status)},
         {"statement", report.name},
         {"fingerprint", FingerprintText(fingerprint)},
         {"sql", NormalizeSql(report.sql, kMaxSqlBytes)}});
}

}  // namespace pgsluice
