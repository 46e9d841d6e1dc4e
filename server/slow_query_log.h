// One log line for each statement that took long: how long, where, for whom, what; never
// its parameters. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "server/slow_thresholds.h"

namespace pgsluice {

struct StatementReport {
  std::string_view method;  // Query, StreamQuery, Transaction.
  std::string_view sql;
  std::string_view name = {};  // Of a named statement; empty: its caller sent the SQL.
  std::string_view endpoint;
  Role role = Role::kUnknown;
  std::string_view tag;
  absl::Duration queued;   // Waiting for a session.
  absl::Duration execute;  // In PostgreSQL, and on the way there and back.
  absl::Duration stream;   // Waiting for the caller to take messages.
  absl::Time ended;
  uint64_t rows = 0;   // Returned.
  uint64_t bytes = 0;  // Of these rows.
  absl::Status status;

  absl::Duration total() const { return queued + execute + stream; }
};

// Whose call it was.
struct CallOrigin {
  std::string_view name;      // As authenticated; empty: it is not.
  std::string caller;         // As gRPC writes an address: "ipv4:10.0.0.7:41234".
  std::string trace_id = {};  // Empty: none.
  std::string span_id = {};
};

class SlowQueryLog final {
 public:
  explicit SlowQueryLog(SlowThresholds thresholds) : thresholds_(std::move(thresholds)) {}

  bool IsSlow(const StatementReport& report) const {
    return thresholds_.IsSlow(report.total(), report.role, report.tag);
  }
  void Write(const StatementReport& report, const CallOrigin& origin) const;

 private:
  SlowThresholds thresholds_;
};

}  // namespace pgsluice
