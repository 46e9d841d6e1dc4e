#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

#include "client/cpp/cli/error_report.h"
#include "client/cpp/src/retry.h"
#include "client/cpp/src/status_details.h"
#include "pgsluice/client/error.h"
#include "tests/client/fake_gateway.h"

namespace pgsluice::client {
namespace {

using ::pgsluice::testing::MakeFailure;
using ::pgsluice::testing::MakeRpcStatus;

TEST(ErrorTest, ReadsEveryDetail) {
  google::rpc::Status rpc = MakeRpcStatus({});
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(50'000'000);
  rpc.add_details()->PackFrom(retry);
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("statement.parameters[2]");
  rpc.add_details()->PackFrom(bad);

  const Error error(FromRpcStatus(rpc));

  EXPECT_EQ(error.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(error.sqlstate(), "23505");
  EXPECT_EQ(error.retry_delay(), absl::Milliseconds(50));
  EXPECT_EQ(error.field(), "statement.parameters[2]");
  EXPECT_TRUE(error.has_verdict());
}

TEST(ErrorTest, SurvivesDetailsThatAreNone) {
  const Error error(
      FromGrpc({grpc::StatusCode::INTERNAL, "oops", "\xff\xff not a status"}));

  EXPECT_FALSE(error.has_verdict());
  EXPECT_EQ(error.sqlstate(), "");
  EXPECT_EQ(error.message(), "oops");
}

TEST(ErrorTest, ClientsVerdictNeverReplacesTheGateways) {
  const absl::Status status = WithVerdict(FromGrpc(MakeFailure({})), v1::OUTCOME_UNKNOWN,
                                          v1::RETRY_SCOPE_RESOLVE_FIRST);

  EXPECT_EQ(Error(status).outcome(), v1::OUTCOME_ROLLED_BACK);
}

TEST(RetryTest, DelaysGrowWithinTheirBounds) {
  const absl::Status failure = FromGrpc(MakeFailure(
      {.code = grpc::StatusCode::UNAVAILABLE, .scope = v1::RETRY_SCOPE_STATEMENT}));

  EXPECT_EQ(RetryCallAfter(failure, {Intent::kWrite, 1, 4, 0}), absl::Milliseconds(25));
  EXPECT_EQ(RetryCallAfter(failure, {Intent::kWrite, 2, 4, 0}), absl::Milliseconds(50));
  EXPECT_EQ(RetryCallAfter(failure, {Intent::kWrite, 30, 99, 0}),
            absl::Milliseconds(500));
  EXPECT_EQ(RetryCallAfter(failure, {Intent::kWrite, 4, 4, 0}), std::nullopt);
}

TEST(RetryTest, AStatementIsNotATransaction) {
  const absl::Status failure = FromGrpc(MakeFailure(
      {.code = grpc::StatusCode::ABORTED, .scope = v1::RETRY_SCOPE_TRANSACTION}));

  EXPECT_EQ(RetryCallAfter(failure, {Intent::kWrite, 1, 4, 0}), std::nullopt);
  EXPECT_NE(RetryTransactionAfter(failure, {Intent::kWrite, 1, 4, 0}), std::nullopt);
}

TEST(ErrorReportTest, ReadsLikePsqls) {
  v1::PostgresError postgres;
  postgres.set_sqlstate("42703");
  postgres.set_severity("ERROR");
  postgres.set_message("column \"nme\" does not exist");
  postgres.set_hint("Perhaps you meant \"name\".");
  postgres.set_position(18);
  google::rpc::Status rpc;
  rpc.set_code(3);
  rpc.set_message("column \"nme\" does not exist");
  rpc.add_details()->PackFrom(postgres);

  EXPECT_EQ(cli::ErrorReport(FromRpcStatus(rpc), "select 'ä',\n     nme\nfrom users"),
            "ERROR:  42703: column \"nme\" does not exist\n"
            "LINE 2:      nme\n"
            "             ^\n"
            "HINT:  Perhaps you meant \"name\".\n");
}

TEST(ErrorReportTest, SaysWhatMayBeDoneNext) {
  EXPECT_EQ(cli::ErrorReport(FromGrpc(MakeFailure({})), ""),
            "ERROR:  23505: duplicate key value\n"
            "CONSTRAINT NAME:  users_pkey\n"
            "RETRY:  no\n");
  EXPECT_EQ(
      cli::ErrorReport(FromGrpc(MakeFailure({.code = grpc::StatusCode::UNKNOWN,
                                             .message = "lost",
                                             .reason = "OUTCOME_UNKNOWN",
                                             .sqlstate = "",
                                             .outcome = v1::OUTCOME_UNKNOWN})),
                       ""),
      "pgsluice: UNKNOWN (OUTCOME_UNKNOWN): lost\n"
      "OUTCOME:  unknown: it may have taken effect; look before you run it again\n");
}

TEST(ErrorReportTest, TooLargeAResultNamesTheWayOut) {
  const std::string report =
      cli::ErrorReport(FromGrpc(MakeFailure({.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                                             .reason = "RESULT_TOO_LARGE",
                                             .sqlstate = ""})),
                       "");

  EXPECT_NE(report.find("--stream"), std::string::npos) << report;
}

TEST(ErrorReportTest, ExitCodesArePsqls) {
  EXPECT_EQ(cli::ExitCodeFor(absl::OkStatus()), cli::ExitCode::kOk);
  EXPECT_EQ(cli::ExitCodeFor(absl::UnavailableError("no route")),
            cli::ExitCode::kConnection);
  EXPECT_EQ(cli::ExitCodeFor(FromGrpc(MakeFailure({}))), cli::ExitCode::kSql);
  EXPECT_EQ(cli::ExitCodeFor(FromGrpc(MakeFailure({.code = grpc::StatusCode::UNAVAILABLE,
                                                   .reason = "NO_ENDPOINT",
                                                   .sqlstate = ""}))),
            cli::ExitCode::kSql);
}

}  // namespace
}  // namespace pgsluice::client
