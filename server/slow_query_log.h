// One log line for each statement that took long: how long, where, what; never its
// parameters. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace pgsluice {

struct StatementReport {
  std::string_view method;  // Query, StreamQuery, Transaction.
  std::string_view sql;
  std::string_view endpoint;
  std::string_view tag;
  absl::Duration queued;   // Waiting for a session.
  absl::Duration execute;  // From sending to the last byte.
  uint64_t rows = 0;
  absl::Status status;
};

class SlowQueryLog final {
 public:
  // Zero: nothing is logged.
  explicit SlowQueryLog(absl::Duration threshold) : threshold_(threshold) {}

  void Report(const StatementReport& report) const;

 private:
  const absl::Duration threshold_;
};

}  // namespace pgsluice
