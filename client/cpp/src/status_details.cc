#include "client/cpp/src/status_details.h"

#include <string>

#include "pgsluice/client/error.h"

namespace pgsluice::client {
namespace {

constexpr char kPayloadUrl[] = "type.googleapis.com/google.rpc.Status";

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
  if (!status.error_details().empty()) {
    result.SetPayload(kPayloadUrl, absl::Cord(status.error_details()));
  }
  return result;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.code()), status.message());
  if (!result.ok())
    result.SetPayload(kPayloadUrl, absl::Cord(status.SerializeAsString()));
  return result;
}

std::optional<google::rpc::Status> DetailsOf(const absl::Status& status) {
  auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  google::rpc::Status details;
  if (!details.ParseFromString(std::string(*payload))) return std::nullopt;
  return details;
}

absl::Status WithVerdict(absl::Status status, v1::Outcome outcome, v1::RetryScope scope) {
  v1::RetryVerdict verdict;
  verdict.set_outcome(outcome);
  verdict.set_scope(scope);
  return WithVerdict(std::move(status), verdict);
}

absl::Status WithVerdict(absl::Status status, const v1::RetryVerdict& verdict) {
  if (status.ok() || Error(status).has_verdict()) return status;
  google::rpc::Status details = DetailsOf(status).value_or(google::rpc::Status());
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  details.add_details()->PackFrom(verdict);
  status.SetPayload(kPayloadUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

}  // namespace pgsluice::client
