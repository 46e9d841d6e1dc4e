#include "pgsluice/client/error.h"

#include "google/rpc/error_details.pb.h"

#include "client/cpp/src/status_details.h"

namespace pgsluice::client {

Error::Error(const absl::Status& status)
    : code_(status.code()), message_(std::string(status.message())) {
  const std::optional<google::rpc::Status> details = DetailsOf(status);
  if (!details.has_value()) return;
  for (const google::protobuf::Any& any : details->details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    google::rpc::BadRequest bad_request;
    if (any.UnpackTo(&info)) {
      reason_ = info.reason();
    } else if (any.UnpackTo(&retry)) {
      retry_delay_ = absl::Seconds(retry.retry_delay().seconds()) +
                     absl::Nanoseconds(retry.retry_delay().nanos());
    } else if (any.UnpackTo(&bad_request)) {
      if (bad_request.field_violations_size() > 0) {
        field_ = bad_request.field_violations(0).field();
      }
    } else if (any.UnpackTo(&verdict_)) {
      has_verdict_ = true;
    } else {
      any.UnpackTo(&postgres_);
    }
  }
}

}  // namespace pgsluice::client
