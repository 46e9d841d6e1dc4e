// What callers are told when PostgreSQL reports an error or goes away.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using Code = absl::StatusCode;
using testing::HasSubstr;

ErrorContext In(Phase phase, Role role = Role::kPrimary,
                StopReason stop = StopReason::kNone) {
  ErrorContext context;
  context.endpoint = "db1";
  context.role = role;
  context.phase = phase;
  context.stop_reason = stop;
  return context;
}

PostgresFields Fields(std::string sqlstate, std::string severity = "ERROR") {
  PostgresFields fields;
  fields.sqlstate = std::move(sqlstate);
  fields.severity = std::move(severity);
  fields.message = "what the server said";
  return fields;
}

// One row of what is promised to a caller.
struct Promise {
  Phase phase;
  Code code;
  Outcome outcome;
  RetryScope retry;
};

void ExpectPromise(const absl::Status& status, const Promise& promise) {
  EXPECT_EQ(status.code(), promise.code) << status;
  const std::optional<ErrorDetails> details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->outcome, promise.outcome) << status;
  EXPECT_EQ(details->retry_scope, promise.retry) << status;
}

constexpr Promise kLostPromises[] = {
    {Phase::kRead, Code::kUnavailable, Outcome::kRolledBack, RetryScope::kStatement},
    {Phase::kAutocommit, Code::kUnknown, Outcome::kUnknown, RetryScope::kResolveFirst},
    {Phase::kTransaction, Code::kAborted, Outcome::kRolledBack, RetryScope::kTransaction},
    {Phase::kCommit, Code::kUnknown, Outcome::kUnknown, RetryScope::kResolveFirst}};

TEST(PostgresErrorTest, TellsALostSessionByWhatWasUnderWay) {
  for (const Promise& promise : kLostPromises) {
    const absl::Status status = SessionLost(In(promise.phase), true, "reset by peer");
    ExpectPromise(status, promise);
    EXPECT_EQ(DetailsOf(status)->blame, Blame::kEndpoint);
    EXPECT_THAT(std::string(status.message()), HasSubstr("reset by peer"));
  }
}

TEST(PostgresErrorTest, TellsAServerThatGoesAwayLikeALostSession) {
  for (const Promise& promise : kLostPromises) {
    for (const char* sqlstate : {"57P01", "57P02", "57P03", "08006"}) {
      ExpectPromise(PostgresError(Fields(sqlstate, "FATAL"), In(promise.phase)), promise);
    }
  }
}

TEST(PostgresErrorTest, NamesTheLostTransactionAndTheUnknownOutcome) {
  EXPECT_EQ(DetailsOf(SessionLost(In(Phase::kTransaction), true, ""))->reason,
            "TRANSACTION_LOST");
  EXPECT_EQ(DetailsOf(SessionLost(In(Phase::kCommit), true, ""))->reason,
            "OUTCOME_UNKNOWN");
  EXPECT_EQ(
      DetailsOf(PostgresError(Fields("25P03", "FATAL"), In(Phase::kTransaction)))->reason,
      "TRANSACTION_LOST");
}

TEST(PostgresErrorTest, LosesNothingBeforeTheStatementIsSent) {
  for (Phase phase : {Phase::kConnect, Phase::kRead, Phase::kAutocommit}) {
    ExpectPromise(
        SessionLost(In(phase), false, "gone"),
        {phase, Code::kUnavailable, Outcome::kNotStarted, RetryScope::kStatement});
  }
}

TEST(PostgresErrorTest, LosesAnOpenTransactionEvenBeforeTheStatementIsSent) {
  ExpectPromise(SessionLost(In(Phase::kTransaction), false, "gone"),
                {Phase::kTransaction, Code::kAborted, Outcome::kRolledBack,
                 RetryScope::kTransaction});
}

// Invariant 9, and: retry policies send UNAVAILABLE and RESOURCE_EXHAUSTED again.
TEST(PostgresErrorTest, NeverCarriesAnUnknownOutcomeInACodeThatIsSentAgain) {
  for (Phase phase : {Phase::kConnect, Phase::kAutocommit, Phase::kRead,
                      Phase::kTransaction, Phase::kCommit}) {
    for (StopReason stop :
         {StopReason::kNone, StopReason::kCancelled, StopReason::kDeadline,
          StopReason::kTimeout, StopReason::kStalled, StopReason::kDraining}) {
      const ErrorContext context = In(phase, Role::kPrimary, stop);
      std::vector<absl::Status> all = {SessionLost(context, true, ""),
                                       SessionLost(context, false, ""),
                                       StoppedUnfinished(context)};
      for (const char* sqlstate : {"08006", "08007", "40003", "57P01", "57014", "25006",
                                   "53300", "40001", "XX000", ""}) {
        all.push_back(PostgresError(Fields(sqlstate, "FATAL"), context));
        all.push_back(PostgresError(Fields(sqlstate, "ERROR"), context));
      }
      for (const absl::Status& status : all) {
        const ErrorDetails details = *DetailsOf(status);
        ASSERT_FALSE(status.ok());
        if (details.outcome != Outcome::kUnknown) continue;
        EXPECT_NE(status.code(), Code::kUnavailable) << status;
        EXPECT_NE(status.code(), Code::kResourceExhausted) << status;
        EXPECT_EQ(details.retry_scope, RetryScope::kResolveFirst) << status;
        EXPECT_EQ(details.retry_delay, std::nullopt) << status;
      }
    }
  }
}

TEST(PostgresErrorTest, TellsACancelByWhoAskedForIt) {
  struct Case {
    StopReason stop;
    Code code;
  };
  for (const Case& c : {Case{StopReason::kNone, Code::kAborted},
                        Case{StopReason::kCancelled, Code::kCancelled},
                        Case{StopReason::kDeadline, Code::kDeadlineExceeded},
                        Case{StopReason::kTimeout, Code::kDeadlineExceeded},
                        Case{StopReason::kDraining, Code::kUnavailable}}) {
    const absl::Status status =
        PostgresError(Fields("57014"), In(Phase::kAutocommit, Role::kPrimary, c.stop));
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_EQ(DetailsOf(status)->outcome, Outcome::kRolledBack);
    EXPECT_EQ(DetailsOf(status)->blame, Blame::kStatement);
  }
}

TEST(PostgresErrorTest, KnowsTheServersOwnTimeoutByItsText) {
  PostgresFields fields = Fields("57014");
  fields.message = "canceling statement due to statement timeout";

  EXPECT_EQ(PostgresError(fields, In(Phase::kRead)).code(), Code::kDeadlineExceeded);
}

TEST(PostgresErrorTest, BlamesAPrimaryThatRefusesWrites) {
  const absl::Status status = PostgresError(Fields("25006"), In(Phase::kAutocommit));

  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(DetailsOf(status)->reason, "READ_ONLY");
  EXPECT_EQ(DetailsOf(status)->blame, Blame::kEndpoint);
}

TEST(PostgresErrorTest, BlamesTheStatementThatWritesOnAReplica) {
  const absl::Status status =
      PostgresError(Fields("25006"), In(Phase::kRead, Role::kReplica));

  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(DetailsOf(status)->reason, "READ_ONLY");
  EXPECT_EQ(DetailsOf(status)->blame, Blame::kStatement);
}

TEST(PostgresErrorTest, SaysWhichUnitToRetryAfterAConflict) {
  for (const char* sqlstate : {"40001", "40P01"}) {
    ExpectPromise(PostgresError(Fields(sqlstate), In(Phase::kTransaction)),
                  {Phase::kTransaction, Code::kAborted, Outcome::kRolledBack,
                   RetryScope::kTransaction});
    ExpectPromise(
        PostgresError(Fields(sqlstate), In(Phase::kCommit)),
        {Phase::kCommit, Code::kAborted, Outcome::kRolledBack, RetryScope::kTransaction});
    const absl::Status alone = PostgresError(Fields(sqlstate), In(Phase::kAutocommit));
    ExpectPromise(alone, {Phase::kAutocommit, Code::kAborted, Outcome::kRolledBack,
                          RetryScope::kStatement});
    EXPECT_TRUE(DetailsOf(alone)->retry_delay.has_value());
  }
}

TEST(PostgresErrorTest, RetriesNoRaiseException) {
  ExpectPromise(PostgresError(Fields("P0001"), In(Phase::kAutocommit)),
                {Phase::kAutocommit, Code::kFailedPrecondition, Outcome::kRolledBack,
                 RetryScope::kNever});
}

TEST(PostgresErrorTest, LeavesUnresolvedOutcomesToTheCaller) {
  for (const char* sqlstate : {"40003", "08007"}) {
    ExpectPromise(PostgresError(Fields(sqlstate), In(Phase::kAutocommit)),
                  {Phase::kAutocommit, Code::kUnknown, Outcome::kUnknown,
                   RetryScope::kResolveFirst});
  }
}

TEST(PostgresErrorTest, KeepsWhatTheServerSaid) {
  PostgresFields fields = Fields("23505");
  fields.detail = "Key (a)=(1) already exists.";
  fields.constraint = "t_pkey";

  const absl::Status status = PostgresError(fields, In(Phase::kAutocommit));

  EXPECT_EQ(status.code(), Code::kAlreadyExists);
  EXPECT_EQ(status.message(), "what the server said");
  EXPECT_EQ(DetailsOf(status)->reason, "UNIQUE_VIOLATION");
  EXPECT_EQ(DetailsOf(status)->postgres->detail, fields.detail);
  EXPECT_EQ(DetailsOf(status)->postgres->constraint, fields.constraint);
}

TEST(PostgresErrorTest, NamesCodesItDoesNotKnow) {
  const absl::Status status = PostgresError(Fields("AB123"), In(Phase::kAutocommit));

  EXPECT_EQ(status.code(), Code::kUnknown);
  EXPECT_EQ(DetailsOf(status)->reason, "SQLSTATE_AB123");
  EXPECT_EQ(DetailsOf(status)->outcome, Outcome::kRolledBack);
}

TEST(PostgresErrorTest, ClaimsNothingAboutAStoppedCommit) {
  ExpectPromise(
      StoppedUnfinished(In(Phase::kCommit, Role::kPrimary, StopReason::kDeadline)),
      {Phase::kCommit, Code::kDeadlineExceeded, Outcome::kUnknown,
       RetryScope::kResolveFirst});
}

}  // namespace
}  // namespace pgsluice
