// What a failed call says, taken apart: gRPC status and google.rpc.Status details.
#pragma once

#include <grpcpp/support/status.h>
#include <map>
#include <optional>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

#include "pgsluice/v1/error.pb.h"

namespace pgsluice::testing {

struct Failure {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  // ErrorInfo; empty when there is none.
  std::string reason;
  std::string domain;
  std::map<std::string, std::string> metadata;
  v1::PostgresError postgres;
  v1::RetryVerdict verdict;
  std::optional<absl::Duration> retry_delay;
  // Field of the first BadRequest violation.
  std::string field;
  size_t details_size = 0;

  const std::string& sqlstate() const { return postgres.sqlstate(); }
};

Failure Explain(const grpc::Status& status);
Failure Explain(const google::rpc::Status& status);
std::ostream& operator<<(std::ostream& out, const Failure& failure);

}  // namespace pgsluice::testing
