// Puts errors on the wire: google.rpc.Status with details, within what trailers can
// carry. Rules file.
#pragma once

#include <grpcpp/support/status.h>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace pgsluice {

struct StatusOptions {
  // DETAIL and CONTEXT can hold row data.
  bool send_detail = false;

  bool operator==(const StatusOptions&) const = default;
};

// Under 4 KiB when serialised, together with the message sent once more beside it; what
// is too long is cut and marked as cut. Details: ErrorInfo always; RetryVerdict;
// PostgresError when PostgreSQL said it; RetryInfo when there is a delay; BadRequest when
// a field is wrong.
google::rpc::Status ToRpcStatus(const absl::Status& status, const StatusOptions& options);

// The same as status of a call, the google.rpc.Status in its binary details.
grpc::Status ToGrpcStatus(const absl::Status& status, const StatusOptions& options);

// Value for the trailer "grpc-retry-pushback-ms": "-1" forbids a retry, a number delays
// it. Absent: leave the trailer out.
std::optional<std::string> RetryPushback(const absl::Status& status);

}  // namespace pgsluice
