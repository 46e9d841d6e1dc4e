// What a failed call says beyond its status code, read from its absl::Status.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pgsluice/v1/error.pb.h"

namespace pgsluice::client {

// A view by value: everything the gateway sent with the failure; fields are empty
// where it sent nothing (a failure of the network, say).
class Error final {
 public:
  explicit Error(const absl::Status& status);

  absl::StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // Constant name of the cause: UNIQUE_VIOLATION, QUEUE_FULL, ...
  const std::string& reason() const { return reason_; }
  // Every field PostgreSQL sent; all empty when the error is not PostgreSQL's.
  const v1::PostgresError& postgres() const { return postgres_; }
  const std::string& sqlstate() const { return postgres_.sqlstate(); }
  const std::string& constraint() const { return postgres_.constraint(); }
  // Path of the request's field that is wrong, like "statement.parameters[2]".
  const std::string& field() const { return field_; }

  // False when the failure carries no verdict; outcome and scope are then the
  // cautious defaults.
  bool has_verdict() const { return has_verdict_; }
  v1::Outcome outcome() const { return verdict_.outcome(); }
  v1::RetryScope retry_scope() const { return verdict_.scope(); }
  // True when the statement or COMMIT may have taken effect.
  bool outcome_unknown() const { return verdict_.outcome() == v1::OUTCOME_UNKNOWN; }
  // The call had an idempotency key: sending it again with the same takes effect at most
  // once, also when the outcome is unknown.
  bool same_key_is_safe() const { return verdict_.same_key_is_safe(); }
  // How long to wait before trying again, if the gateway said so.
  std::optional<absl::Duration> retry_delay() const { return retry_delay_; }

 private:
  absl::StatusCode code_;
  std::string message_;
  std::string reason_;
  std::string field_;
  v1::PostgresError postgres_;
  v1::RetryVerdict verdict_;
  bool has_verdict_ = false;
  std::optional<absl::Duration> retry_delay_;
};

}  // namespace pgsluice::client
