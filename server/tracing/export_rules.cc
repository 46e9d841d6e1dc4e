#include "server/tracing/export_rules.h"

#include <algorithm>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace pgsluice {

namespace {

bool IsWorthAnotherTry(const FailedExport& failed) {
  switch (failed.code) {
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS: return true;
    // A collector that will have room again says when.
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return failed.retry_delay.has_value();
    default: return false;
  }
}

absl::Duration PauseAfter(const FailedExport& failed) {
  absl::Duration pause = kFirstExportPause;
  for (int i = 1; i < failed.tries && pause < kLongestExportPause; ++i) pause *= 2;
  pause = std::min(pause, kLongestExportPause) * failed.jitter;
  return std::max(pause, failed.retry_delay.value_or(absl::ZeroDuration()));
}

}  // namespace

std::optional<absl::Time> NextTry(const FailedExport& failed) {
  if (!IsWorthAnotherTry(failed)) return std::nullopt;
  const absl::Time next = failed.now + PauseAfter(failed);
  if (next >= failed.give_up_at) return std::nullopt;
  return next;
}

std::optional<absl::Duration> RetryDelayOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::RetryInfo info;
    if (!any.Is<google::rpc::RetryInfo>() || !any.UnpackTo(&info)) continue;
    return absl::Seconds(info.retry_delay().seconds()) +
           absl::Nanoseconds(info.retry_delay().nanos());
  }
  return std::nullopt;
}

}  // namespace pgsluice
