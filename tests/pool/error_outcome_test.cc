// What errors tell their caller in full: code, reason, blame, outcome, what to send
// again.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using Code = absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

struct Expected {
  Code code;
  std::string_view reason;
  Blame blame;
  Outcome outcome;
  RetryScope retry;
};

void ExpectError(const absl::Status& status, const Expected& expected) {
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details.has_value()) << status;
  EXPECT_EQ(status.code(), expected.code);
  EXPECT_EQ(details->reason, expected.reason);
  EXPECT_EQ(details->blame, expected.blame);
  EXPECT_EQ(details->outcome, expected.outcome);
  EXPECT_EQ(details->retry_scope, expected.retry);
}

absl::Status Report(std::string_view sqlstate, Phase phase,
                    std::string severity = "ERROR", Role role = Role::kPrimary,
                    StopReason stop = StopReason::kNone,
                    std::string message = "what PostgreSQL said") {
  return PostgresError(
      {.sqlstate = std::string(sqlstate),
       .severity = std::move(severity),
       .message = std::move(message)},
      {.endpoint = "db1", .role = role, .phase = phase, .stop_reason = stop});
}

TEST(ErrorOutcomeTest, AsksForTheWholeTransactionAgainInsideOne) {
  for (std::string_view sqlstate : {"40001", "40P01", "55P03", "72000", "57014"}) {
    SCOPED_TRACE(sqlstate);
    for (Phase phase : {Phase::kTransaction, Phase::kCommit}) {
      EXPECT_EQ(DetailsOf(Report(sqlstate, phase))->retry_scope,
                RetryScope::kTransaction);
    }
    for (Phase phase : {Phase::kAutocommit, Phase::kRead, Phase::kUncommitted}) {
      EXPECT_EQ(DetailsOf(Report(sqlstate, phase))->retry_scope, RetryScope::kStatement);
    }
    EXPECT_EQ(Report(sqlstate, Phase::kTransaction).code(), Code::kAborted);
    EXPECT_TRUE(
        DetailsOf(Report(sqlstate, Phase::kTransaction))->retry_delay.has_value());
  }
}

// A foreign server's trouble (dblink, postgres_fdw) comes with the same SQLSTATE, but the
// session has survived it and the statement is surely rolled back.
TEST(ErrorOutcomeTest, TellsAForeignConnectionFromItsOwn) {
  for (std::string_view sqlstate : {"08001", "08003", "08006"}) {
    SCOPED_TRACE(sqlstate);
    for (Phase phase : {Phase::kAutocommit, Phase::kRead}) {
      const auto details = DetailsOf(Report(sqlstate, phase));
      EXPECT_EQ(Report(sqlstate, phase).code(), Code::kUnavailable);
      EXPECT_EQ(details->blame, Blame::kStatement);
      EXPECT_EQ(details->outcome, Outcome::kRolledBack);
      EXPECT_EQ(details->retry_scope, RetryScope::kStatement);
    }
    const auto in_transaction = DetailsOf(Report(sqlstate, Phase::kTransaction));
    EXPECT_EQ(in_transaction->blame, Blame::kStatement);
    EXPECT_EQ(in_transaction->retry_scope, RetryScope::kTransaction);
  }
}

// At connect all of these are the gateway's own trouble; the session has not begun.
TEST(ErrorOutcomeTest, NeverBlamesTheCallerForARefusedConnect) {
  struct Case {
    std::string_view sqlstate;
    std::string severity;
    std::string_view reason;
  };
  for (const Case& c : {Case{"28000", "FATAL", "BACKEND_AUTH_FAILED"},
                        Case{"28P01", "FATAL", "BACKEND_AUTH_FAILED"},
                        Case{"28P01", "ERROR", "BACKEND_AUTH_FAILED"},
                        Case{"28ZZZ", "FATAL", "BACKEND_AUTH_FAILED"},
                        Case{"3D000", "FATAL", "INVALID_CATALOG_NAME"},
                        Case{"3D000", "ERROR", "INVALID_CATALOG_NAME"},
                        Case{"08P01", "ERROR", "PROTOCOL_VIOLATION"},
                        Case{"42501", "FATAL", "INSUFFICIENT_PRIVILEGE"},
                        Case{"53300", "FATAL", "TOO_MANY_CONNECTIONS"},
                        Case{"55000", "FATAL", "OBJECT_NOT_IN_PREREQUISITE_STATE"},
                        Case{"57P03", "FATAL", "CANNOT_CONNECT_NOW"}}) {
    SCOPED_TRACE(testing::Message() << c.sqlstate << " " << c.severity);
    const absl::Status status = Report(c.sqlstate, Phase::kConnect, c.severity);
    ExpectError(status, {Code::kUnavailable, c.reason, Blame::kEndpoint,
                         Outcome::kNotStarted, RetryScope::kStatement});
    EXPECT_TRUE(DetailsOf(status)->retry_delay.has_value());
    EXPECT_THAT(std::string(status.message()), HasSubstr("db1"));
  }
}

TEST(ErrorOutcomeTest, KeepsTheGatewaysCredentialsToItself) {
  const absl::Status status =
      Report("28P01", Phase::kConnect, "FATAL", Role::kPrimary, StopReason::kNone,
             "password authentication failed for user \"secret_user\"");

  EXPECT_FALSE(DetailsOf(status)->postgres.has_value());
  EXPECT_THAT(status.ToString(), Not(HasSubstr("secret_user")));
  EXPECT_THAT(AcquireTimeout("db1", absl::Seconds(5), status).ToString(),
              Not(HasSubstr("secret_user")));
}

// A function that checks somebody's password, or asks for a database that is not there.
TEST(ErrorOutcomeTest, LeavesWhatAStatementRaisesToTheStatement) {
  struct Case {
    std::string_view sqlstate;
    Code code;
    std::string_view reason;
  };
  for (const Case& c :
       {Case{"28000", Code::kPermissionDenied, "INVALID_AUTHORIZATION_SPECIFICATION"},
        Case{"28P01", Code::kPermissionDenied, "INVALID_PASSWORD"},
        Case{"3D000", Code::kNotFound, "INVALID_CATALOG_NAME"}}) {
    for (Phase phase :
         {Phase::kAutocommit, Phase::kRead, Phase::kTransaction, Phase::kCommit}) {
      SCOPED_TRACE(testing::Message() << c.sqlstate << " " << static_cast<int>(phase));
      ExpectError(Report(c.sqlstate, phase), {c.code, c.reason, Blame::kStatement,
                                              Outcome::kRolledBack, RetryScope::kNever});
      EXPECT_TRUE(DetailsOf(Report(c.sqlstate, phase))->postgres.has_value());
    }
  }
}

TEST(ErrorOutcomeTest, TellsTheTransactionIsLostWithTheSession) {
  for (std::string_view sqlstate : {"25P03", "25P04", "57P05"}) {
    ExpectError(Report(sqlstate, Phase::kTransaction, "FATAL"),
                {Code::kAborted, "TRANSACTION_LOST", Blame::kSession,
                 Outcome::kRolledBack, RetryScope::kTransaction});
  }
}

// "bind message supplies 1 parameters, but ... requires 2": sent again it fails again.
TEST(ErrorOutcomeTest, AsksForNoRetryAfterAProtocolViolation) {
  for (Phase phase : {Phase::kAutocommit, Phase::kTransaction}) {
    ExpectError(Report("08P01", phase),
                {Code::kInternal, "PROTOCOL_VIOLATION", Blame::kSession,
                 Outcome::kRolledBack, RetryScope::kNever});
  }
}

TEST(ErrorOutcomeTest, DecidesACancelByWhoAskedForIt) {
  struct Case {
    StopReason stop;
    Code code;
    std::string_view reason;
  };
  for (const Case& c :
       {Case{StopReason::kCancelled, Code::kCancelled, "CANCELLED"},
        Case{StopReason::kDeadline, Code::kDeadlineExceeded, "DEADLINE_EXCEEDED"},
        Case{StopReason::kTimeout, Code::kDeadlineExceeded, "STATEMENT_TIMEOUT"},
        Case{StopReason::kStalled, Code::kCancelled, "READER_STALLED"},
        Case{StopReason::kDraining, Code::kUnavailable, "DRAINING"}}) {
    for (Phase phase : {Phase::kAutocommit, Phase::kRead, Phase::kTransaction}) {
      ExpectError(Report("57014", phase, "ERROR", Role::kPrimary, c.stop),
                  {c.code, c.reason, Blame::kStatement, Outcome::kRolledBack,
                   RetryScope::kNever});
    }
  }
  EXPECT_EQ(Report("57014", Phase::kRead).code(), Code::kAborted);
  EXPECT_EQ(DetailsOf(Report("57014", Phase::kRead))->reason, "QUERY_CANCELED");
  ExpectError(Report("57014", Phase::kRead, "ERROR", Role::kPrimary, StopReason::kNone,
                     "canceling statement due to statement timeout"),
              {Code::kDeadlineExceeded, "STATEMENT_TIMEOUT", Blame::kStatement,
               Outcome::kRolledBack, RetryScope::kNever});
}

TEST(ErrorOutcomeTest, TakesAReadOnlyPrimaryForOneNoMore) {
  for (Phase phase : {Phase::kAutocommit, Phase::kUncommitted}) {
    ExpectError(Report("25006", phase),
                {Code::kUnavailable, "READ_ONLY", Blame::kEndpoint, Outcome::kRolledBack,
                 RetryScope::kStatement});
  }
  EXPECT_THAT(std::string(Report("25006", Phase::kAutocommit).message()),
              HasSubstr("db1"));
  // A caller who asked for read only gets what he asked for.
  for (Phase phase : {Phase::kRead, Phase::kTransaction}) {
    ExpectError(Report("25006", phase),
                {Code::kFailedPrecondition, "READ_ONLY", Blame::kStatement,
                 Outcome::kRolledBack, RetryScope::kNever});
  }
  EXPECT_EQ(Report("25006", Phase::kAutocommit, "ERROR", Role::kReplica).code(),
            Code::kFailedPrecondition);
}

TEST(SessionLostTest, SaysWhatBecameOfTheStatement) {
  struct Case {
    Phase phase;
    bool was_sent;
    Expected expected;
  };
  constexpr Expected kNothingSent = {Code::kUnavailable, "SESSION_LOST", Blame::kEndpoint,
                                     Outcome::kNotStarted, RetryScope::kStatement};
  constexpr Expected kReadLost = {Code::kUnavailable, "SESSION_LOST", Blame::kEndpoint,
                                  Outcome::kRolledBack, RetryScope::kStatement};
  constexpr Expected kTransactionLost = {Code::kAborted, "TRANSACTION_LOST",
                                         Blame::kEndpoint, Outcome::kRolledBack,
                                         RetryScope::kTransaction};
  constexpr Expected kUnknown = {Code::kUnknown, "OUTCOME_UNKNOWN", Blame::kEndpoint,
                                 Outcome::kUnknown, RetryScope::kResolveFirst};
  for (const Case& c :
       {Case{Phase::kConnect, false, kNothingSent},
        Case{Phase::kConnect, true, kNothingSent},
        Case{Phase::kAutocommit, false, kNothingSent},
        Case{Phase::kAutocommit, true, kUnknown}, Case{Phase::kRead, false, kNothingSent},
        Case{Phase::kRead, true, kReadLost},
        Case{Phase::kUncommitted, false, kNothingSent},
        // Of a write alone: its caller knows of no transaction.
        Case{Phase::kUncommitted, true, kReadLost},
        Case{Phase::kTransaction, false, kTransactionLost},
        Case{Phase::kTransaction, true, kTransactionLost},
        // COMMIT never left: the transaction is lost, not in doubt.
        Case{Phase::kCommit, false, kTransactionLost},
        Case{Phase::kCommit, true, kUnknown}}) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(c.phase) << " " << c.was_sent);
    const absl::Status status =
        SessionLost({.endpoint = "db1", .phase = c.phase}, c.was_sent, "end of file");
    ExpectError(status, c.expected);
    EXPECT_THAT(std::string(status.message()), HasSubstr("db1"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("end of file"));
  }
}

TEST(StoppedUnfinishedTest, IsRolledBackOnlyWhereThatIsCertain) {
  for (Phase phase : {Phase::kRead, Phase::kTransaction, Phase::kUncommitted}) {
    ExpectError(StoppedUnfinished({.phase = phase, .stop_reason = StopReason::kDeadline}),
                {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", Blame::kSession,
                 Outcome::kRolledBack, RetryScope::kNever});
  }
  for (Phase phase : {Phase::kAutocommit, Phase::kCommit}) {
    ExpectError(
        StoppedUnfinished({.phase = phase, .stop_reason = StopReason::kCancelled}),
        {Code::kCancelled, "OUTCOME_UNKNOWN", Blame::kSession, Outcome::kUnknown,
         RetryScope::kResolveFirst});
    EXPECT_EQ(
        StoppedUnfinished({.phase = phase, .stop_reason = StopReason::kDraining}).code(),
        Code::kUnknown)
        << "UNAVAILABLE would be sent again";
  }
}

TEST(StreamStoppedTest, IsRolledBackOnlyWhereThatIsCertain) {
  for (Phase phase : {Phase::kRead, Phase::kUncommitted}) {
    ExpectError(StreamStopped(StopReason::kDraining, phase),
                {Code::kUnavailable, "DRAINING", Blame::kStatement, Outcome::kRolledBack,
                 RetryScope::kStatement});
  }
  ExpectError(StreamStopped(StopReason::kDraining, Phase::kAutocommit),
              {Code::kUnknown, "DRAINING", Blame::kStatement, Outcome::kUnknown,
               RetryScope::kResolveFirst});
}

TEST(OfSingleStatementTest, AsksForTheStatementWhereItAskedForTheTransaction) {
  const absl::Status error = Report("40001", Phase::kCommit);
  ExpectError(OfSingleStatement(error),
              {Code::kAborted, "SERIALIZATION_FAILURE", Blame::kStatement,
               Outcome::kRolledBack, RetryScope::kStatement});
  EXPECT_EQ(OfSingleStatement(error).message(), error.message());
  for (const absl::Status& other :
       {Report("23505", Phase::kCommit),
        SessionLost({.endpoint = "db1", .phase = Phase::kCommit}, true, "eof"),
        absl::OkStatus()}) {
    EXPECT_EQ(OfSingleStatement(other), other);
  }
}

TEST(GatewayErrorTest, SaysThatNothingStarted) {
  constexpr auto kStatement = Blame::kStatement;
  constexpr auto kNot = Outcome::kNotStarted;
  constexpr auto kAgain = RetryScope::kStatement;
  ExpectError(ConnectFailed("db1", "refused"),
              {Code::kUnavailable, "CONNECT_FAILED", Blame::kEndpoint, kNot, kAgain});
  ExpectError(QueueFull("db1", 7),
              {Code::kResourceExhausted, "QUEUE_FULL", kStatement, kNot, kAgain});
  ExpectError(TooManyCalls(7),
              {Code::kResourceExhausted, "TOO_MANY_CALLS", kStatement, kNot, kAgain});
  ExpectError(AcquireTimeout("db1", absl::Seconds(5), absl::OkStatus()),
              {Code::kResourceExhausted, "ACQUIRE_TIMEOUT", kStatement, kNot, kAgain});
  ExpectError(AcquireTimeout("db1", absl::Seconds(5), ConnectFailed("db1", "refused")),
              {Code::kUnavailable, "ENDPOINT_DOWN", kStatement, kNot, kAgain});
  ExpectError(AcquireTimeout("db1", absl::Seconds(5), Report("28P01", Phase::kConnect)),
              {Code::kUnavailable, "BACKEND_AUTH_FAILED", kStatement, kNot, kAgain});
  ExpectError(NoEndpoint(Role::kPrimary, "why"),
              {Code::kUnavailable, "NO_PRIMARY", kStatement, kNot, kAgain});
  ExpectError(NoEndpoint(Role::kReplica, "why"),
              {Code::kUnavailable, "NO_REPLICA", kStatement, kNot, kAgain});
  ExpectError(Draining(), {Code::kUnavailable, "DRAINING", kStatement, kNot, kAgain});
  ExpectError(StoppedBeforeStart(StopReason::kDeadline),
              {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", kStatement, kNot, kAgain});
  ExpectError(TransactionMisuse("what"), {Code::kFailedPrecondition, "TRANSACTION_MISUSE",
                                          kStatement, kNot, RetryScope::kNever});
  ExpectError(StatementRefused("COPY", "what"),
              {Code::kInvalidArgument, "COPY", kStatement, kNot, RetryScope::kNever});
}

TEST(GatewayErrorTest, NamesTheFieldThatIsWrong) {
  const absl::Status status = InvalidRequest("options.tag", "is too long");

  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(DetailsOf(status)->field, "options.tag");
  EXPECT_EQ(status.message(), "options.tag: is too long");
}

TEST(GatewayErrorTest, RollsAnOpenTransactionBack) {
  ExpectError(TransactionStopped(StopReason::kStalled),
              {Code::kCancelled, "READER_STALLED", Blame::kStatement,
               Outcome::kRolledBack, RetryScope::kTransaction});
  ExpectError(TransactionEnded("IDLE_TIMEOUT", "why"),
              {Code::kAborted, "IDLE_TIMEOUT", Blame::kStatement, Outcome::kRolledBack,
               RetryScope::kTransaction});
}

TEST(GatewayErrorTest, KeepsTheErrorThatCameDespiteAnEffect) {
  const absl::Status status = DespiteEffect(Report(
      "57014", Phase::kAutocommit, "ERROR", Role::kPrimary, StopReason::kDeadline));

  ExpectError(status, {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", Blame::kStatement,
                       Outcome::kUnknown, RetryScope::kResolveFirst});
  EXPECT_THAT(std::string(status.message()), HasSubstr("committed"));
}

}  // namespace
}  // namespace pgsluice
