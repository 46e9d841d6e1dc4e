#include "server/convert/status.h"

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

#include "pgsluice/v1/error.pb.h"
#include "pool/error.h"
#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

template <class Detail>
std::optional<Detail> Find(const google::rpc::Status& status) {
  for (const auto& any : status.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

PostgresFields UniqueViolation() {
  return {.sqlstate = "23505",
          .severity = "ERROR",
          .message = "duplicate key",
          .detail = "Key (email)=(a@b.c) already exists.",
          .hint = "use another",
          .position = 8,
          .context = "PL/pgSQL function f()",
          .schema = "public",
          .table = "users",
          .column = "email",
          .datatype = "text",
          .constraint = "users_email_key"};
}

absl::Status ErrorOf(const PostgresFields& fields) {
  return PostgresError(fields, {.endpoint = "db1", .phase = Phase::kAutocommit});
}

TEST(Status, CarriesEveryFieldOfPostgres) {
  const absl::Status error = ErrorOf(UniqueViolation());
  const google::rpc::Status status = ToRpcStatus(error, {});
  EXPECT_EQ(status.code(), static_cast<int>(grpc::ALREADY_EXISTS));

  const auto postgres = Find<v1::PostgresError>(status);
  ASSERT_TRUE(postgres.has_value());
  EXPECT_EQ(postgres->sqlstate(), "23505");
  EXPECT_EQ(postgres->severity(), "ERROR");
  EXPECT_EQ(postgres->message(), "duplicate key");
  EXPECT_EQ(postgres->hint(), "use another");
  EXPECT_EQ(postgres->position(), 8);
  EXPECT_EQ(postgres->schema(), "public");
  EXPECT_EQ(postgres->table(), "users");
  EXPECT_EQ(postgres->column(), "email");
  EXPECT_EQ(postgres->datatype(), "text");
  EXPECT_EQ(postgres->constraint(), "users_email_key");

  const auto info = Find<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "UNIQUE_VIOLATION");
  EXPECT_EQ(info->domain(), "pgsluice.postgresql");
  EXPECT_EQ(info->metadata().at("sqlstate"), "23505");
  EXPECT_EQ(info->metadata().at("constraint"), "users_email_key");
  EXPECT_EQ(info->metadata().at("position"), "8");
  EXPECT_EQ(info->metadata().at("retryable"), "false");
  EXPECT_EQ(info->metadata().at("outcome"), "rolled_back");

  const auto verdict = Find<v1::RetryVerdict>(status);
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->outcome(), v1::OUTCOME_ROLLED_BACK);
}

TEST(Status, KeepsRowDataBackUnlessAskedFor) {
  const absl::Status error = ErrorOf(UniqueViolation());
  EXPECT_THAT(ToRpcStatus(error, {}).SerializeAsString(), Not(HasSubstr("a@b.c")));
  EXPECT_THAT(ToRpcStatus(error, {}).SerializeAsString(), Not(HasSubstr("f()")));
  const auto postgres =
      Find<v1::PostgresError>(ToRpcStatus(error, {.send_detail = true}));
  EXPECT_EQ(postgres->detail(), "Key (email)=(a@b.c) already exists.");
  EXPECT_EQ(postgres->context(), "PL/pgSQL function f()");
}

TEST(Status, NamesTheFieldOfABadRequest) {
  const google::rpc::Status status =
      ToRpcStatus(InvalidRequest("statement.parameters[2].text", "has a NUL"), {});
  const auto bad_request = Find<google::rpc::BadRequest>(status);
  ASSERT_TRUE(bad_request.has_value());
  EXPECT_EQ(bad_request->field_violations(0).field(), "statement.parameters[2].text");
  EXPECT_THAT(bad_request->field_violations(0).description(), HasSubstr("has a NUL"));
  EXPECT_EQ(Find<google::rpc::ErrorInfo>(status)->domain(), "pgsluice");
  EXPECT_FALSE(Find<v1::PostgresError>(status).has_value());
}

TEST(Status, GivesTheDelay) {
  ErrorDetails details = {.reason = "X", .retry_delay = absl::Milliseconds(1250)};
  const absl::Status error = MakeError(absl::StatusCode::kUnavailable, "x", details);
  const auto retry = Find<google::rpc::RetryInfo>(ToRpcStatus(error, {}));
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 250'000'000);
}

std::string Repeat(std::string_view unit, size_t min_bytes) {
  std::string text;
  while (text.size() < min_bytes) text += unit;
  return text;
}

// Nothing but whole characters, then the mark.
void ExpectCut(const std::string& text, std::string_view character) {
  ASSERT_THAT(text, EndsWith("..."));
  const std::string kept = text.substr(0, text.size() - 3);
  ASSERT_EQ(kept.size() % character.size(), 0U) << text;
  EXPECT_EQ(kept, Repeat(character, kept.size()));
}

size_t PercentEncodedBytes(const std::string& text) {
  size_t bytes = 0;
  for (const char c : text) bytes += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return bytes;
}

// Characters of one to four bytes, what gRPC encodes, and what is no UTF-8.
struct LongText {
  std::string_view unit;
  std::string_view arrives_as;
};
constexpr LongText kLongTexts[] = {{"x", "x"},
                                   {"\xC3\xA9", "\xC3\xA9"},
                                   {"\xE6\x97\xA5", "\xE6\x97\xA5"},
                                   {"%", "%"},
                                   {"\n", "\n"},
                                   {"\xF0\x9F\x90\x98", "\xF0\x9F\x90\x98"},
                                   {"\xFF", "?"}};

TEST(Status, StaysUnder4KiBWithItsMessageHoweverLongTheTexts) {
  using Fields = PostgresFields;
  constexpr std::string Fields::* kAll[] = {
      &Fields::severity, &Fields::message,   &Fields::detail, &Fields::hint,
      &Fields::context,  &Fields::schema,    &Fields::table,  &Fields::column,
      &Fields::datatype, &Fields::constraint};
  struct Case {
    std::string_view name;
    std::vector<std::string Fields::*> long_fields;
    size_t least_message_bytes;  // That are kept of a long one.
  };
  const Case cases[] = {
      {"message", {&Fields::message}, 1015},
      {"message and hint", {&Fields::message, &Fields::hint}, 1015},
      {"texts",
       {&Fields::message, &Fields::detail, &Fields::hint, &Fields::context},
       1000},
      {"all", {std::begin(kAll), std::end(kAll)}, 800},
      {"all but the message", {std::begin(kAll) + 2, std::end(kAll)}, 0}};
  for (const Case& c : cases) {
    for (const LongText& text : kLongTexts) {
      SCOPED_TRACE(std::string(c.name) + " of " + std::string(text.unit));
      Fields fields = {.sqlstate = "P0001", .severity = "ERROR", .message = "short"};
      for (const auto field : c.long_fields) fields.*field = Repeat(text.unit, 100'000);

      const grpc::Status on_wire = ToGrpcStatus(ErrorOf(fields), {.send_detail = true});

      EXPECT_LT(on_wire.error_details().size() + on_wire.error_message().size(), 4096U);
      EXPECT_LE(PercentEncodedBytes(on_wire.error_message()), 2048U);
      google::rpc::Status status;
      ASSERT_TRUE(status.ParseFromString(on_wire.error_details()));
      const auto postgres = Find<v1::PostgresError>(status);
      ASSERT_TRUE(postgres.has_value());
      if (c.least_message_bytes > 0) {
        EXPECT_GE(status.message().size(), c.least_message_bytes);
        EXPECT_EQ(postgres->message(), status.message());
        ExpectCut(status.message(), text.arrives_as);
        ExpectCut(on_wire.error_message(), text.arrives_as);
      }
      if (!fields.hint.empty()) ExpectCut(postgres->hint(), text.arrives_as);
      if (!fields.detail.empty()) ExpectCut(postgres->detail(), text.arrives_as);
      if (!fields.constraint.empty()) {
        ExpectCut(postgres->constraint(), text.arrives_as);
        ExpectCut(Find<google::rpc::ErrorInfo>(status)->metadata().at("constraint"),
                  text.arrives_as);
      }
    }
  }
}

TEST(Status, CutsTheGatewaysOwnErrorsToo) {
  for (const LongText& text : kLongTexts) {
    SCOPED_TRACE(text.unit);
    const std::string long_text = Repeat(text.unit, 100'000);

    const grpc::Status on_wire = ToGrpcStatus(InvalidRequest(long_text, long_text), {});

    EXPECT_LT(on_wire.error_details().size() + on_wire.error_message().size(), 4096U);
    google::rpc::Status status;
    ASSERT_TRUE(status.ParseFromString(on_wire.error_details()));
    const auto bad_request = Find<google::rpc::BadRequest>(status);
    ASSERT_TRUE(bad_request.has_value());
    ExpectCut(status.message(), text.arrives_as);
    ExpectCut(bad_request->field_violations(0).field(), text.arrives_as);
    ExpectCut(bad_request->field_violations(0).description(), text.arrives_as);
  }
}

TEST(Status, CutsFieldsOnlyAsFarAsTheyMustBe) {
  const PostgresFields fields = {.sqlstate = "P0001",
                                 .severity = "ERROR",
                                 .message = std::string(5000, 'm'),
                                 .hint = std::string(5000, 'h')};
  const google::rpc::Status status = ToRpcStatus(ErrorOf(fields), {});
  const auto postgres = Find<v1::PostgresError>(status);
  EXPECT_EQ(postgres->message().size(), 1024u);
  EXPECT_EQ(postgres->hint().size(), 512u);
}

TEST(Status, TellsGrpcTheSame) {
  const absl::Status error = ErrorOf(UniqueViolation());
  const grpc::Status status = ToGrpcStatus(error, {});
  EXPECT_EQ(status.error_code(), grpc::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr("duplicate key"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(grpc::ALREADY_EXISTS));
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus(), {}).ok());
}

TEST(Status, ClaimsNothingOfErrorsItDoesNotKnow) {
  const google::rpc::Status status = ToRpcStatus(absl::InternalError("x"), {});
  EXPECT_EQ(Find<google::rpc::ErrorInfo>(status)->reason(), "INTERNAL");
  EXPECT_EQ(Find<v1::RetryVerdict>(status)->outcome(), v1::OUTCOME_UNKNOWN);
}

TEST(RetryPushback, ForbidsDelaysOrKeepsSilent) {
  const auto with = [](absl::StatusCode code, ErrorDetails details) {
    details.reason = "X";
    return MakeError(code, "x", details);
  };
  using Code = absl::StatusCode;
  const auto delay = absl::Microseconds(100'001);
  EXPECT_EQ(RetryPushback(with(Code::kUnknown, {.outcome = Outcome::kUnknown})), "-1");
  EXPECT_EQ(RetryPushback(with(Code::kUnavailable, {.retry_delay = delay})), "101");
  EXPECT_EQ(RetryPushback(with(Code::kResourceExhausted, {.retry_delay = delay})), "101");
  EXPECT_EQ(RetryPushback(with(Code::kAborted, {.retry_delay = delay})), std::nullopt);
  EXPECT_EQ(RetryPushback(with(Code::kUnavailable, {})), std::nullopt);
  EXPECT_EQ(RetryPushback(absl::InternalError("x")), std::nullopt);
  EXPECT_EQ(RetryPushback(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(RetryPushback(QueueFull("db1", 9)), "1000");
}

}  // namespace
}  // namespace pgsluice
