#include "server/call_audit.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "pool/error.h"
#include "pool/str_cat.h"
#include "server/log.h"
#include "server/sql_fingerprint.h"
#include "server/sql_normalizer.h"

namespace pgsluice {

namespace {

// A call with more kinds of statements is told of with the first ones.
constexpr size_t kMostKinds = 32;

std::string TextOf(const std::vector<uint64_t>& fingerprints) {
  std::string text;
  for (const uint64_t fingerprint : fingerprints) {
    StrAppend(&text, text.empty() ? "" : ",", FingerprintText(fingerprint));
  }
  return text;
}

std::string TextOf(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) StrAppend(&text, text.empty() ? "" : ",", name);
  return text;
}

// Unless it is there, or there are enough.
template <class Kind>
void AddKind(std::vector<Kind>& kinds, Kind kind) {
  if (kinds.size() >= kMostKinds) return;
  if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return;
  kinds.push_back(std::move(kind));
}

}  // namespace

void CallAudit::NoteRefusal(std::string why) {
  was_refused_ = true;
  why_ = std::move(why);
}

void CallAudit::NoteStatement(const StatementReport& report) {
  ++statements_;
  rows_ += report.rows;
  endpoint_ = std::string(report.endpoint);
  if (!report.name.empty()) AddKind(names_, std::string(report.name));
  if (fingerprints_.size() >= kMostKinds) return;
  AddKind(fingerprints_, FingerprintOf(NormalizeSql(report.sql)));
}

std::string_view CallAudit::Outcome(absl::StatusCode code) const {
  if (was_refused_) return "refused";
  if (code == absl::StatusCode::kOk) return transaction_.empty() ? "ok" : transaction_;
  const auto details = DetailsOf(status_);
  if (!details.has_value()) return "failed";
  switch (details->outcome) {
    case pgsluice::Outcome::kNotStarted: return "not_started";
    case pgsluice::Outcome::kRolledBack: return "rolled_back";
    case pgsluice::Outcome::kUnknown: break;
  }
  return "unknown";
}

void CallAudit::Write(const Caller& caller, absl::StatusCode code, absl::Duration took) {
  const auto details = DetailsOf(status_);
  const bool has_sqlstate = details.has_value() && details->postgres.has_value();
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
  // Messages of PostgreSQL's errors may hold data: they stay out.
  log_.Write(FormatLogLine(
      /*is_json=*/true, time, "info", was_refused_ ? "call refused" : "call",
      {{"logger", "audit"},
       {"method", method_},
       {"caller_name", caller.name},
       {"peer", caller.peer},
       {"intent", intent_},
       {"outcome", Outcome(code)},
       {"code", absl::StatusCodeToString(code)},
       {"reason", details.has_value() ? details->reason : std::string()},
       {"sqlstate", has_sqlstate ? details->postgres->sqlstate : std::string()},
       {"why", why_},
       {"endpoint", endpoint_},
       {"statements", statements_},
       {"rows", rows_},
       {"names", TextOf(names_)},
       {"fingerprints", TextOf(fingerprints_)},
       {"duration_ms", absl::ToDoubleMilliseconds(took)},
       {"trace_id", caller.trace_id}}));
}

}  // namespace pgsluice
