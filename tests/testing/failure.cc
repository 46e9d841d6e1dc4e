#include "tests/testing/failure.h"

#include "google/rpc/error_details.pb.h"

namespace pgsluice::testing {

Failure Explain(const google::rpc::Status& status) {
  Failure failure;
  failure.code = static_cast<grpc::StatusCode>(status.code());
  failure.message = status.message();
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&info)) {
      failure.reason = info.reason();
      failure.domain = info.domain();
      failure.metadata = {info.metadata().begin(), info.metadata().end()};
    } else if (detail.UnpackTo(&retry)) {
      failure.retry_delay = absl::Seconds(retry.retry_delay().seconds()) +
                            absl::Nanoseconds(retry.retry_delay().nanos());
    } else if (detail.UnpackTo(&bad_request)) {
      if (bad_request.field_violations_size() > 0) {
        failure.field = bad_request.field_violations(0).field();
      }
    } else if (!detail.UnpackTo(&failure.postgres)) {
      detail.UnpackTo(&failure.verdict);
    }
  }
  failure.details_size = status.ByteSizeLong();
  return failure;
}

Failure Explain(const grpc::Status& status) {
  google::rpc::Status details;
  Failure failure;
  if (details.ParseFromString(status.error_details())) failure = Explain(details);
  failure.code = status.error_code();
  failure.message = status.error_message();
  failure.details_size = status.error_details().size();
  return failure;
}

std::ostream& operator<<(std::ostream& out, const Failure& failure) {
  return out << "code " << failure.code << ", reason " << failure.reason << ", sqlstate "
             << failure.sqlstate() << ", outcome " << failure.verdict.outcome()
             << ", retry scope " << failure.verdict.scope() << ": " << failure.message;
}

}  // namespace pgsluice::testing
