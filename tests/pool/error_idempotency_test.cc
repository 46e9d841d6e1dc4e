#include "pool/error_idempotency.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Case {
  const char* what;
  Outcome outcome;
  RetryScope before;
  RetryScope query;
  RetryScope batch;
};

constexpr Case kCases[] = {
    {"unknown may be sent again", Outcome::kUnknown, RetryScope::kResolveFirst,
     RetryScope::kStatement, RetryScope::kTransaction},
    {"unknown by a deadline, too", Outcome::kUnknown, RetryScope::kNever,
     RetryScope::kStatement, RetryScope::kTransaction},
    {"a transaction is all of the call", Outcome::kRolledBack, RetryScope::kTransaction,
     RetryScope::kStatement, RetryScope::kTransaction},
    {"not started", Outcome::kNotStarted, RetryScope::kStatement, RetryScope::kStatement,
     RetryScope::kTransaction},
    {"what fails again stays never", Outcome::kRolledBack, RetryScope::kNever,
     RetryScope::kNever, RetryScope::kNever},
};

TEST(ErrorIdempotencyTest, WithAKeyTheSameRequestMayBeSentAgain) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    const absl::Status error =
        MakeError(absl::StatusCode::kUnknown, "what happened",
                  {.reason = "R", .outcome = c.outcome, .retry_scope = c.before});

    const absl::Status query = WithKey(error, RetryScope::kStatement);
    const absl::Status batch = WithKey(error, RetryScope::kTransaction);

    EXPECT_EQ(query.code(), error.code());
    EXPECT_EQ(DetailsOf(query)->retry_scope, c.query);
    EXPECT_EQ(DetailsOf(batch)->retry_scope, c.batch);
    EXPECT_EQ(DetailsOf(query)->outcome, c.outcome);
    EXPECT_EQ(DetailsOf(query)->reason, "R");
    EXPECT_TRUE(DetailsOf(query)->is_safe_with_key);
    EXPECT_FALSE(DetailsOf(error)->is_safe_with_key);
    const std::string message(query.message());
    if (c.outcome == Outcome::kUnknown) {
      EXPECT_THAT(message, HasSubstr("same idempotency_key"));
    } else {
      EXPECT_THAT(message, Not(HasSubstr("idempotency_key")));
    }
  }
  EXPECT_TRUE(WithKey(absl::OkStatus(), RetryScope::kStatement).ok());
}

TEST(ErrorIdempotencyTest, NamesTheTableAndTheField) {
  EXPECT_THAT(std::string(IdempotencyTableUnusable("\"s\".\"t\"", "why").message()),
              HasSubstr("\"s\".\"t\", cannot be used: why"));
  EXPECT_EQ(DetailsOf(IdempotencyKeyReused())->field, "options.idempotency_key");
  EXPECT_EQ(DetailsOf(IdempotencyOff())->field, "options.idempotency_key");
  EXPECT_EQ(DetailsOf(OutcomeTooLarge(2, 1))->outcome, Outcome::kRolledBack);
}

}  // namespace
}  // namespace pgsluice
