// That ErrorDetails survive their way through an absl::Status.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

ErrorDetails Full() {
  ErrorDetails details;
  details.reason = "UNIQUE_VIOLATION";
  details.blame = Blame::kEndpoint;
  details.outcome = Outcome::kUnknown;
  details.retry_scope = RetryScope::kResolveFirst;
  details.retry_delay = absl::Milliseconds(1500) + absl::Nanoseconds(1);
  details.field = "statement.parameters[2]";
  PostgresFields& postgres = details.postgres.emplace();
  postgres.sqlstate = "23505";
  postgres.severity = "ERROR";
  postgres.message = "duplicate key";
  postgres.detail = "Key (a)=(1) already exists.";
  postgres.hint = "hint";
  postgres.position = 17;
  postgres.context = "context";
  postgres.schema = "public";
  postgres.table = "t";
  postgres.column = "a";
  postgres.datatype = "int4";
  postgres.constraint = "t_pkey";
  return details;
}

void ExpectSame(const ErrorDetails& a, const ErrorDetails& b) {
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.blame, b.blame);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.retry_scope, b.retry_scope);
  EXPECT_EQ(a.retry_delay, b.retry_delay);
  EXPECT_EQ(a.field, b.field);
  ASSERT_EQ(a.postgres.has_value(), b.postgres.has_value());
  if (!a.postgres.has_value()) return;
  EXPECT_EQ(a.postgres->sqlstate, b.postgres->sqlstate);
  EXPECT_EQ(a.postgres->severity, b.postgres->severity);
  EXPECT_EQ(a.postgres->message, b.postgres->message);
  EXPECT_EQ(a.postgres->detail, b.postgres->detail);
  EXPECT_EQ(a.postgres->hint, b.postgres->hint);
  EXPECT_EQ(a.postgres->position, b.postgres->position);
  EXPECT_EQ(a.postgres->context, b.postgres->context);
  EXPECT_EQ(a.postgres->schema, b.postgres->schema);
  EXPECT_EQ(a.postgres->table, b.postgres->table);
  EXPECT_EQ(a.postgres->column, b.postgres->column);
  EXPECT_EQ(a.postgres->datatype, b.postgres->datatype);
  EXPECT_EQ(a.postgres->constraint, b.postgres->constraint);
}

TEST(ErrorPayloadTest, CarriesEveryField) {
  const absl::Status status = MakeError(absl::StatusCode::kUnknown, "text", Full());

  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(status.message(), "text");
  ASSERT_TRUE(DetailsOf(status).has_value());
  ExpectSame(*DetailsOf(status), Full());
}

TEST(ErrorPayloadTest, CarriesDefaults) {
  const absl::Status status = MakeError(absl::StatusCode::kInternal, "", ErrorDetails{});

  ASSERT_TRUE(DetailsOf(status).has_value());
  ExpectSame(*DetailsOf(status), ErrorDetails{});
}

TEST(ErrorPayloadTest, TellsNoDelayFromADelayOfZero) {
  ErrorDetails details;
  details.retry_delay = absl::ZeroDuration();

  const absl::Status status = MakeError(absl::StatusCode::kAborted, "", details);

  EXPECT_EQ(DetailsOf(status)->retry_delay, absl::ZeroDuration());
}

TEST(ErrorPayloadTest, CarriesAnyBytes) {
  ErrorDetails details = Full();
  details.reason = "7:";
  details.postgres->message = std::string("a\0b:3:\n\xff", 9);
  details.postgres->detail = "12:34";
  details.postgres->hint = std::string(100000, ':');
  details.postgres->context = "é";

  ExpectSame(*DetailsOf(MakeError(absl::StatusCode::kAborted, "", details)), details);
}

TEST(ErrorPayloadTest, SurvivesCopies) {
  absl::Status status = MakeError(absl::StatusCode::kAborted, "text", Full());
  const absl::Status copy = status;
  status = absl::OkStatus();

  ExpectSame(*DetailsOf(copy), Full());
}

TEST(ErrorPayloadTest, IsAbsentFromErrorsMadeElsewhere) {
  EXPECT_FALSE(DetailsOf(absl::OkStatus()).has_value());
  EXPECT_FALSE(DetailsOf(absl::InternalError("x")).has_value());
}

}  // namespace
}  // namespace pgsluice
