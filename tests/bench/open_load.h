// Query calls that come at a fixed rate, whatever becomes of them, as those of many
// callers do who know nothing of each other.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pgsluice/v1/query.pb.h"

namespace pgsluice::bench {

struct OpenLoadSettings {
  int port = 0;
  v1::QueryRequest request;
  double per_second = 0;
  absl::Duration duration;
  absl::Duration deadline;  // Of each call.
};

// Latencies in milliseconds, of calls that began and ended within the time.
struct OpenLoadResult {
  std::vector<double> served;
  std::vector<double> rejected;  // RESOURCE_EXHAUSTED.
  size_t failed = 0;             // Any other way.
  std::string failure;           // Of one of them.
};

absl::StatusOr<OpenLoadResult> RunOpenLoad(const OpenLoadSettings& settings);

}  // namespace pgsluice::bench
