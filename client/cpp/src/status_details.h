// Between gRPC statuses and absl::Status: the details travel as a payload.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

#include "pgsluice/v1/error.pb.h"

namespace pgsluice::client {

absl::Status FromGrpc(const grpc::Status& status);
absl::Status FromRpcStatus(const google::rpc::Status& status);
// The details as sent; absent for failures that carry none.
std::optional<google::rpc::Status> DetailsOf(const absl::Status& status);

// Adds a verdict to a failure that has none: the client's own knowledge of what was sent.
absl::Status WithVerdict(absl::Status status, v1::Outcome outcome, v1::RetryScope scope);
absl::Status WithVerdict(absl::Status status, const v1::RetryVerdict& verdict);

}  // namespace pgsluice::client
