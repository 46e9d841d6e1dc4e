#include "server/convert/status.h"

#include <algorithm>
#include <string_view>

#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"

#include "pgsluice/v1/error.pb.h"
#include "pool/error.h"
#include "server/convert/commit_evidence.h"
#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

constexpr std::string_view kPostgresDomain = "pgsluice.postgresql";
constexpr std::string_view kGatewayDomain = "pgsluice";

// Details and message stay under it together. gRPC's limit for all trailers is 8 KiB; the
// details, which hold the message too, travel as base64 (4/3), the message once more
// percent-encoded (up to 3) beside them.
constexpr size_t kStatusBytesLimit = 4096;
constexpr size_t kMaxEncodedMessageBytes = 2048;

constexpr size_t kLeastFieldBytes = 64;
// As the call's message, in google.rpc.Status, and in PostgresError.
constexpr size_t kMessageCopies = 3;

struct SizeLimits {
  size_t message_bytes = 1024;
  size_t field_bytes = 512;
};

std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

std::string OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotStarted: return "not_started";
    case Outcome::kRolledBack: return "rolled_back";
    case Outcome::kUnknown: return "unknown";
  }
  return "unknown";
}

v1::Outcome OutcomeToProto(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotStarted: return v1::OUTCOME_NOT_STARTED;
    case Outcome::kRolledBack: return v1::OUTCOME_ROLLED_BACK;
    case Outcome::kUnknown: return v1::OUTCOME_UNKNOWN;
  }
  return v1::OUTCOME_UNKNOWN;
}

v1::RetryScope ScopeToProto(RetryScope scope) {
  switch (scope) {
    case RetryScope::kNever: return v1::RETRY_SCOPE_NEVER;
    case RetryScope::kStatement: return v1::RETRY_SCOPE_STATEMENT;
    case RetryScope::kTransaction: return v1::RETRY_SCOPE_TRANSACTION;
    case RetryScope::kResolveFirst: return v1::RETRY_SCOPE_RESOLVE_FIRST;
  }
  return v1::RETRY_SCOPE_NEVER;
}

google::rpc::ErrorInfo ErrorInfoOf(const ErrorDetails& details,
                                   const SizeLimits& limits) {
  google::rpc::ErrorInfo info;
  info.set_reason(CutUtf8(details.reason, limits.field_bytes));
  info.set_domain(std::string(details.postgres ? kPostgresDomain : kGatewayDomain));
  auto& metadata = *info.mutable_metadata();
  const bool is_retryable = details.retry_scope == RetryScope::kStatement ||
                            details.retry_scope == RetryScope::kTransaction;
  metadata["outcome"] = OutcomeName(details.outcome);
  metadata["retryable"] = is_retryable ? "true" : "false";
  if (!details.postgres) return info;

  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) metadata[key] = CutUtf8(value, limits.field_bytes);
  };
  const PostgresFields& fields = *details.postgres;
  add("sqlstate", fields.sqlstate);
  add("severity", fields.severity);
  add("schema", fields.schema);
  add("table", fields.table);
  add("column", fields.column);
  add("datatype", fields.datatype);
  add("constraint", fields.constraint);
  if (fields.position > 0) metadata["position"] = std::to_string(fields.position);
  return info;
}

v1::PostgresError PostgresErrorOf(const PostgresFields& fields, const SizeLimits& limits,
                                  const StatusOptions& options) {
  const auto cut = [&](const std::string& text) {
    return CutUtf8(text, limits.field_bytes);
  };
  v1::PostgresError error;
  error.set_sqlstate(cut(fields.sqlstate));
  error.set_severity(cut(fields.severity));
  error.set_message(CutUtf8(fields.message, limits.message_bytes));
  error.set_hint(cut(fields.hint));
  error.set_position(fields.position);
  error.set_schema(cut(fields.schema));
  error.set_table(cut(fields.table));
  error.set_column(cut(fields.column));
  error.set_datatype(cut(fields.datatype));
  error.set_constraint(cut(fields.constraint));
  if (options.send_detail) {
    error.set_detail(cut(fields.detail));
    error.set_context(cut(fields.context));
  }
  return error;
}

void SetDuration(absl::Duration from, google::protobuf::Duration& to) {
  to.set_seconds(absl::IDivDuration(from, absl::Seconds(1), &from));
  to.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(from)));
}

// For a status that was not made by pool/error: its code is all there is to tell.
ErrorDetails DetailsOrCode(const absl::Status& status) {
  if (std::optional<ErrorDetails> details = DetailsOf(status)) return *std::move(details);
  ErrorDetails details;
  details.reason = absl::StatusCodeToString(status.code());
  details.outcome = Outcome::kUnknown;
  return details;
}

google::rpc::Status Build(const absl::Status& status, const ErrorDetails& details,
                          const SizeLimits& limits, const StatusOptions& options) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  out.set_message(CutUtf8(MessageOf(status), limits.message_bytes));
  out.add_details()->PackFrom(ErrorInfoOf(details, limits));

  v1::RetryVerdict verdict;
  verdict.set_outcome(OutcomeToProto(details.outcome));
  verdict.set_scope(ScopeToProto(details.retry_scope));
  verdict.set_same_key_is_safe(details.is_safe_with_key);
  out.add_details()->PackFrom(verdict);

  if (details.postgres) {
    out.add_details()->PackFrom(PostgresErrorOf(*details.postgres, limits, options));
  }
  if (details.retry_delay) {
    google::rpc::RetryInfo retry;
    SetDuration(*details.retry_delay, *retry.mutable_retry_delay());
    out.add_details()->PackFrom(retry);
  }
  if (details.commit) out.add_details()->PackFrom(ToProto(*details.commit));
  if (!details.field.empty()) {
    google::rpc::BadRequest bad_request;
    auto& violation = *bad_request.add_field_violations();
    violation.set_field(CutUtf8(details.field, limits.field_bytes));
    violation.set_description(CutUtf8(MessageOf(status), limits.field_bytes));
    out.add_details()->PackFrom(bad_request);
  }
  return out;
}

size_t BytesWithMessage(const google::rpc::Status& status) {
  return status.ByteSizeLong() + status.message().size();
}

// Size of gRPC's percent-encoding.
size_t EncodedBytes(std::string_view message) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '%'; };
  const auto plain = std::count_if(message.begin(), message.end(), is_plain);
  return 3 * message.size() - 2 * static_cast<size_t>(plain);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status,
                                const StatusOptions& options) {
  if (status.ok()) return {};
  const ErrorDetails details = DetailsOrCode(status);
  SizeLimits limits;
  google::rpc::Status out = Build(status, details, limits, options);
  while (BytesWithMessage(out) >= kStatusBytesLimit) {
    // The message says most: it is the last to lose, and loses the least.
    if (limits.field_bytes > kLeastFieldBytes) {
      limits.field_bytes = std::max(kLeastFieldBytes, limits.field_bytes * 3 / 4);
    } else {
      const size_t excess = BytesWithMessage(out) - kStatusBytesLimit;
      limits.message_bytes -= excess / kMessageCopies + 1;
    }
    out = Build(status, details, limits, options);
  }
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status, const StatusOptions& options) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status details = ToRpcStatus(status, options);
  std::string message = details.message();
  while (EncodedBytes(message) > kMaxEncodedMessageBytes) {
    message = CutUtf8(message, message.size() * 3 / 4);
  }
  return {static_cast<grpc::StatusCode>(status.code()), message,
          details.SerializeAsString()};
}

std::optional<std::string> RetryPushback(const absl::Status& status) {
  const std::optional<ErrorDetails> details = DetailsOf(status);
  if (!details) return std::nullopt;
  if (details->outcome == Outcome::kUnknown) return "-1";
  const bool is_overload =
      absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
  if (!is_overload || !details->retry_delay) return std::nullopt;
  return std::to_string(absl::ToInt64Milliseconds(
      absl::Ceil(*details->retry_delay, absl::Milliseconds(1))));
}

}  // namespace pgsluice
