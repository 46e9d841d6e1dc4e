// What becomes of a batch of spans whose export has been answered, or not. Rules file.
// https://opentelemetry.io/docs/specs/otlp/#failures
#pragma once

#include <grpcpp/support/status.h>
#include <optional>

#include "absl/time/time.h"

namespace pgsluice {

// Before the second try; doubles with each further one, up to the longest.
inline constexpr absl::Duration kFirstExportPause = absl::Seconds(1);
inline constexpr absl::Duration kLongestExportPause = absl::Seconds(30);

// An export that has failed.
struct FailedExport {
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;
  // What the collector asks for (google.rpc.RetryInfo).
  std::optional<absl::Duration> retry_delay = {};
  int tries = 1;
  absl::Time now;
  absl::Time give_up_at;
  double jitter = 1;  // From 0.5 to 1: gateways shall not come all at once.
};

// When to try again; absent: never, drop it.
std::optional<absl::Time> NextTry(const FailedExport& failed);

// Of a status with google.rpc.Status in its binary details.
std::optional<absl::Duration> RetryDelayOf(const grpc::Status& status);

}  // namespace pgsluice
