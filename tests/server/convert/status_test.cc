#include "server/convert/status.h"

#include <optional>
#include <string>
#include <string_view>

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

TEST(Status, FitsTrailersWhateverPostgresSays) {
  for (const std::string_view unit : {"x", "\xE6\x97\xA5", "\xFF", "%", "\n"}) {
    std::string text;
    while (text.size() < 100'000) text += unit;
    const PostgresFields fields = {.sqlstate = "P0001",
                                   .severity = "ERROR",
                                   .message = text,
                                   .detail = text,
                                   .hint = text,
                                   .context = text,
                                   .schema = text,
                                   .table = text,
                                   .column = text,
                                   .datatype = text,
                                   .constraint = text};
    const absl::Status error = ErrorOf(fields);
    const StatusOptions options = {.send_detail = true};
    const google::rpc::Status status = ToRpcStatus(error, options);
    EXPECT_LE(status.ByteSizeLong(), 4096u);
    EXPECT_LE(status.message().size(), 1024u);
    EXPECT_GT(status.message().size(), 1000u);
    EXPECT_THAT(status.message(), EndsWith("..."));
    const auto postgres = Find<v1::PostgresError>(status);
    EXPECT_THAT(postgres->detail(), EndsWith("..."));
    EXPECT_TRUE(IsValidUtf8(postgres->detail()));
    EXPECT_LE(postgres->detail().size(), 512u);

    const grpc::Status on_wire = ToGrpcStatus(error, options);
    EXPECT_LE(on_wire.error_details().size(), 4096u);
    EXPECT_TRUE(IsValidUtf8(on_wire.error_message()));
    EXPECT_THAT(on_wire.error_message(), EndsWith("..."));
    size_t encoded = 0;
    for (const char c : on_wire.error_message()) {
      encoded += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
    }
    EXPECT_LE(encoded, 2048u);
    EXPECT_GT(encoded, 1000u);
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
