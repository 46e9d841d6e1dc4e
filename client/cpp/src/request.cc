#include "client/cpp/src/request.h"

#include <utility>

namespace pgsluice::client {
namespace {

v1::Intent ToProto(Intent intent) {
  return intent == Intent::kRead ? v1::INTENT_READ : v1::INTENT_WRITE;
}

// As QueryOptions and TransactionOptions say it alike.
template <class Options>
void FillFreshness(const Options& options, v1::RequestOptions& message) {
  message.set_if_unmet(options.if_unmet);
  if (!options.at_least.empty()) {
    message.mutable_freshness()->set_at_least(options.at_least);
  } else if (options.max_staleness.has_value()) {
    FillDuration(*options.max_staleness,
                 *message.mutable_freshness()->mutable_max_staleness());
  }
  const bool follows_context = options.context != nullptr &&
                               options.intent == Intent::kRead &&
                               !message.has_freshness();
  if (!follows_context) return;
  const std::string token = options.context->token();
  if (!token.empty()) message.mutable_freshness()->set_at_least(token);
}

}  // namespace

void FillDuration(absl::Duration duration, google::protobuf::Duration& message) {
  absl::Duration rest;
  message.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

void NoteToken(CausalContext* context, std::string_view token) {
  if (context != nullptr) context->Note(token);
}

v1::Statement MakeStatement(const Statement& statement,
                            std::vector<Parameter> parameters) {
  v1::Statement message;
  if (statement.is_name()) {
    message.set_name(std::string(statement.text()));
  } else {
    message.set_sql(std::string(statement.text()));
  }
  for (Parameter& parameter : parameters) {
    *message.add_parameters() = std::move(parameter).ToProto();
  }
  return message;
}

v1::RequestOptions MakeRequestOptions(const Statement& statement,
                                      const QueryOptions& options) {
  v1::RequestOptions message;
  // A named statement has an intent of its own.
  if (!statement.is_name() || options.intent == Intent::kRead) {
    message.set_intent(ToProto(options.intent));
  }
  if (options.strong) {
    message.mutable_freshness()->set_strong(true);
  } else {
    FillFreshness(options, message);
  }
  message.set_max_rows(options.max_rows);
  message.set_max_bytes(options.max_bytes);
  if (options.statement_timeout.has_value()) {
    FillDuration(*options.statement_timeout, *message.mutable_statement_timeout());
  }
  message.set_tag(options.tag);
  message.set_report(options.report);
  if (options.idempotency_key.has_value()) {
    message.set_idempotency_key(*options.idempotency_key);
  }
  return message;
}

v1::Begin MakeBegin(const TransactionOptions& options) {
  v1::Begin begin;
  v1::RequestOptions& request = *begin.mutable_options();
  request.set_intent(ToProto(options.intent));
  FillFreshness(options, request);
  if (options.statement_timeout.has_value()) {
    FillDuration(*options.statement_timeout, *request.mutable_statement_timeout());
  }
  request.set_tag(options.tag);
  begin.set_isolation(options.isolation);
  begin.set_read_only(options.read_only);
  begin.set_deferrable(options.deferrable);
  if (options.idle_timeout.has_value()) {
    FillDuration(*options.idle_timeout, *begin.mutable_idle_timeout());
  }
  if (options.total_timeout.has_value()) {
    FillDuration(*options.total_timeout, *begin.mutable_total_timeout());
  }
  begin.set_auto_savepoint(options.auto_savepoint);
  return begin;
}

}  // namespace pgsluice::client
