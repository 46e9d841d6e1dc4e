// Batch through real gRPC against real PostgreSQL: all or nothing, or each by itself.
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"
#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

struct BatchAnswer {
  grpc::Status status;
  Failure failure;
  v1::BatchResponse response;

  bool ok() const { return status.ok(); }
  const v1::QueryResponse& result(int step) const {
    return response.results(step).result();
  }
  const v1::Value& cell(int step) const { return result(step).rows(0).values(0); }
};

class BatchTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS account, entry");
    cluster().Sql(0, "CREATE TABLE account (id int8 PRIMARY KEY, amount int8 NOT NULL)");
    cluster().Sql(0,
                  "CREATE TABLE entry (id serial PRIMARY KEY, account int8 REFERENCES "
                  "account, note text)");
    cluster().Sql(0, "INSERT INTO account VALUES (1, 100), (2, 100)");
    StartGateway();
  }

  BatchAnswer Run(const v1::BatchRequest& request, absl::Duration limit = kCallLimit) {
    BatchAnswer answer;
    grpc::ClientContext context;
    SetDeadline(context, limit);
    answer.status = client().stub().Batch(&context, request, &answer.response);
    answer.failure = Explain(answer.status);
    return answer;
  }
  static v1::BatchStep& Add(v1::BatchRequest& request, const std::string& sql,
                            std::vector<v1::Value> parameters = {}) {
    v1::BatchStep& step = *request.add_steps();
    *step.mutable_statement() = MakeStatement(sql, std::move(parameters));
    return step;
  }
  static void TakeCell(v1::BatchStep& step, uint32_t parameter, uint32_t from,
                       uint32_t row = 0, uint32_t column = 0) {
    v1::CellParameter& cell = *step.add_cell_parameters();
    cell.set_parameter(parameter);
    cell.set_step(from);
    cell.set_row(row);
    cell.set_column(column);
  }
  std::string Amount(int id) {
    return cluster().Sql(0, "SELECT amount FROM account WHERE id = $1",
                         {absl::StrCat(id)});
  }
  std::string CountEntries() { return cluster().Sql(0, "SELECT count(*) FROM entry"); }
};

constexpr char kMove[] = "UPDATE account SET amount = amount + $1 WHERE id = $2";

TEST_F(BatchTest, AllStepsTakeEffectTogether) {
  v1::BatchRequest request;
  Add(request, kMove, {Int(-30), Int(1)});
  Add(request, kMove, {Int(30), Int(2)});
  Add(request, "SELECT sum(amount)::int8 FROM account");
  request.mutable_options()->set_report(true);

  const BatchAnswer answer = Run(request);

  ASSERT_TRUE(answer.ok()) << answer.failure;
  ASSERT_EQ(answer.response.results_size(), 3);
  EXPECT_EQ(answer.result(0).rows_affected(), 1U);
  EXPECT_EQ(answer.result(1).command_tag(), "UPDATE 1");
  EXPECT_EQ(answer.cell(2).int64(), 200);
  EXPECT_EQ(answer.response.attempts(), 1U);
  EXPECT_EQ(answer.response.route().endpoint(), "server0");
  EXPECT_EQ(Amount(1), "70");
  EXPECT_EQ(Amount(2), "130");
}

TEST_F(BatchTest, AnErrorRollsAllBackAndNamesTheStep) {
  v1::BatchRequest request;
  Add(request, kMove, {Int(-30), Int(1)});
  Add(request, "INSERT INTO account VALUES (2, 5)");
  Add(request, kMove, {Int(30), Int(2)});

  const BatchAnswer answer = Run(request);

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::ALREADY_EXISTS) << answer.failure;
  EXPECT_THAT(answer.failure.message, HasSubstr("steps[1]"));
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(Amount(1), "100");
}

TEST_F(BatchTest, AParameterMayBeACellOfAnEarlierResult) {
  v1::BatchRequest request;
  Add(request, "INSERT INTO account VALUES (7, 70) RETURNING id");
  TakeCell(
      Add(request, "INSERT INTO entry (account, note) VALUES ($2, $1) RETURNING id, note",
          {Text("first")}),
      1, 0);
  v1::BatchStep& last = Add(request, "SELECT $1 || '!', $2 + 1, $3::text IS NULL");
  TakeCell(last, 0, 1, 0, 1);
  TakeCell(last, 1, 0);
  TakeCell(last, 2, 1, 0, 1);

  const BatchAnswer answer = Run(request);

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.cell(2).text(), "first!");
  EXPECT_EQ(answer.result(2).rows(0).values(1).int64(), 8);
  EXPECT_FALSE(answer.result(2).rows(0).values(2).bool_());
  EXPECT_EQ(cluster().Sql(0, "SELECT note FROM entry WHERE account = 7"), "first");
}

TEST_F(BatchTest, ACellThatIsNotThereRollsBack) {
  v1::BatchRequest request;
  Add(request, "UPDATE account SET amount = 0 WHERE id = 99 RETURNING id");
  TakeCell(Add(request, "SELECT $1::int8"), 0, 0);

  const BatchAnswer answer = Run(request);

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(answer.failure.reason, "REFERENCE_FAILED") << answer.failure;
  EXPECT_THAT(answer.failure.message, HasSubstr("steps[1]"));
}

TEST_F(BatchTest, AnExpectationThatFailsRollsAllBack) {
  v1::BatchRequest request;
  Add(request, kMove, {Int(-30), Int(1)});
  Add(request, kMove, {Int(30), Int(99)}).mutable_expect()->set_min_rows_affected(1);

  const BatchAnswer answer = Run(request);

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(answer.failure.reason, "EXPECTATION_FAILED") << answer.failure;
  EXPECT_THAT(answer.failure.message, HasSubstr("steps[1]"));
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(Amount(1), "100");
}

TEST_F(BatchTest, ExpectationsThatHoldAreCommitted) {
  v1::BatchRequest request;
  Add(request, "SELECT amount FROM account WHERE id = 1 FOR UPDATE")
      .mutable_expect()
      ->set_first_cell("100");
  Add(request, kMove, {Int(-100), Int(1)}).mutable_expect()->set_max_rows_affected(1);

  const BatchAnswer answer = Run(request);

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(Amount(1), "0");
}

TEST_F(BatchTest, IndependentStepsStandAlone) {
  v1::BatchRequest request;
  request.set_mode(v1::BATCH_MODE_INDEPENDENT);
  Add(request, kMove, {Int(1), Int(1)});
  Add(request, "SELECT 1/0");
  Add(request, kMove, {Int(1), Int(2)});
  TakeCell(Add(request, "SELECT $1::int8"), 0, 1);
  Add(request, kMove, {Int(1), Int(99)}).mutable_expect()->set_min_rows_affected(1);
  Add(request, "SELECT 'last'");

  const BatchAnswer answer = Run(request);

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.result(0).rows_affected(), 1U);
  EXPECT_EQ(answer.response.results(1).error().code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(answer.result(2).rows_affected(), 1U);
  EXPECT_EQ(answer.response.results(3).error().code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(answer.response.results(4).error().code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(answer.cell(5).text(), "last");
  EXPECT_EQ(Amount(1), "101");
  EXPECT_EQ(Amount(2), "101");
}

TEST_F(BatchTest, ASerializationFailureIsRunAgainAsAWhole) {
  cluster().Sql(0, "CREATE SEQUENCE IF NOT EXISTS tries");
  cluster().Sql(0, "SELECT setval('tries', 1, false)");
  cluster().Sql(
      0,
      "CREATE OR REPLACE FUNCTION fail_twice() RETURNS int8 LANGUAGE plpgsql AS "
      "$$ DECLARE n int8 := nextval('tries'); BEGIN IF n < 3 THEN RAISE SQLSTATE "
      "'40001'; END IF; RETURN n; END $$");
  v1::BatchRequest request;
  Add(request, kMove, {Int(5), Int(1)});
  Add(request, "SELECT fail_twice()");

  const BatchAnswer answer = Run(request);

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.response.attempts(), 3U);
  EXPECT_EQ(answer.cell(1).int64(), 3);
  EXPECT_EQ(Amount(1), "105") << "once";

  cluster().Sql(0, "SELECT setval('tries', 1, false)");
  request.set_max_attempts(2);
  const BatchAnswer refused = Run(request);
  EXPECT_EQ(refused.failure.code, grpc::StatusCode::ABORTED) << refused.failure;
  EXPECT_EQ(Amount(1), "105");
}

TEST_F(BatchTest, CrossingUpdatesEndInOneOrder) {
  constexpr int kRounds = 50;
  const auto move = [this](int from, int to) {
    for (int i = 0; i < kRounds; ++i) {
      v1::BatchRequest request;
      Add(request, kMove, {Int(-1), Int(from)});
      Add(request, kMove, {Int(1), Int(to)});
      request.set_isolation(v1::ISOLATION_SERIALIZABLE);
      request.set_max_attempts(10);
      const BatchAnswer answer = Run(request);
      EXPECT_TRUE(answer.ok()) << answer.failure;
    }
  };
  std::thread there([&] { move(1, 2); });
  std::thread back([&] { move(2, 1); });
  there.join();
  back.join();

  EXPECT_EQ(Amount(1), "100");
  EXPECT_EQ(Amount(2), "100");
}

TEST_F(BatchTest, ReadsGoToAReplicaAndMayNotWrite) {
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  v1::BatchRequest request;
  Add(request, "SELECT pg_is_in_recovery()");
  request.mutable_options()->set_intent(v1::INTENT_READ);
  for (const v1::BatchMode mode : {v1::BATCH_MODE_ATOMIC, v1::BATCH_MODE_INDEPENDENT}) {
    request.set_mode(mode);
    const BatchAnswer answer = Run(request);
    ASSERT_TRUE(answer.ok()) << answer.failure;
    EXPECT_TRUE(answer.cell(0).bool_());
  }
  Add(request, "INSERT INTO account VALUES (9, 9)");
  request.mutable_options()->mutable_freshness()->set_strong(true);
  const BatchAnswer independent = Run(request);
  ASSERT_TRUE(independent.ok()) << independent.failure;
  EXPECT_FALSE(independent.cell(0).bool_()) << "on the primary";
  EXPECT_TRUE(independent.response.results(1).has_error()) << "read only all the same";
  EXPECT_EQ(Amount(9), "");
}

TEST_F(BatchTest, LimitsHoldForAllResultsTogether) {
  v1::BatchRequest request;
  Add(request, "SELECT generate_series(1, 6)");
  Add(request, "SELECT generate_series(1, 6)");
  request.mutable_options()->set_max_rows(12);
  EXPECT_TRUE(Run(request).ok());

  request.mutable_options()->set_max_rows(11);
  const BatchAnswer answer = Run(request);

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << answer.failure;
  EXPECT_THAT(answer.failure.message, HasSubstr("steps[1]"));
}

TEST_F(BatchTest, AResultOverTheLimitSaysWhetherTheBatchIsCommitted) {
  v1::BatchRequest request;
  Add(request, "INSERT INTO account VALUES (3, 1), (4, 1) RETURNING id");
  request.mutable_options()->set_max_rows(1);

  const BatchAnswer committed = Run(request);

  EXPECT_EQ(committed.failure.reason, "RESULT_TOO_LARGE") << committed.failure;
  EXPECT_EQ(committed.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_THAT(committed.failure.message, HasSubstr("committed"));
  EXPECT_EQ(Amount(4), "1");

  request.clear_steps();
  Add(request, "INSERT INTO account VALUES (5, 1), (6, 1) RETURNING id")
      .mutable_expect()
      ->set_min_rows(1);  // COMMIT waits for it.
  const BatchAnswer rolled_back = Run(request);
  EXPECT_EQ(rolled_back.failure.reason, "RESULT_TOO_LARGE") << rolled_back.failure;
  EXPECT_EQ(rolled_back.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(Amount(6), "");
}

TEST_F(BatchTest, AThousandStepsInOneCall) {
  v1::BatchRequest request;
  for (int i = 0; i < 1000; ++i) {
    Add(request, "INSERT INTO entry (account, note) VALUES ($1, $2)",
        {Int(1), Text(std::string(2000, 'x'))});
  }

  ASSERT_TRUE(Run(request).ok());
  EXPECT_EQ(CountEntries(), "1000");

  Add(request, "SELECT 1");
  const BatchAnswer answer = Run(request);
  EXPECT_EQ(answer.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << answer.failure;
  EXPECT_EQ(answer.failure.field, "steps");
}

TEST_F(BatchTest, ADeadlineRollsBack) {
  v1::BatchRequest request;
  Add(request, kMove, {Int(5), Int(1)});
  Add(request, "SELECT pg_sleep(30)");

  const BatchAnswer answer = Run(request, absl::Milliseconds(300));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_TRUE(WaitFor("nothing runs any more",
                      [] { return cluster().CountActive(0, "pg_sleep(30)") == 0; }));
  EXPECT_EQ(Amount(1), "100");
}

TEST_F(BatchTest, DeadIdleSessionsAreReplaced) {
  v1::BatchRequest request;
  Add(request, kMove, {Int(5), Int(1)});
  ASSERT_TRUE(Run(request).ok());
  cluster().Sql(0,
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                "application_name = 'pgsluice'");

  const BatchAnswer atomic = Run(request);
  EXPECT_TRUE(atomic.ok()) << atomic.failure;
  cluster().Sql(0,
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                "application_name = 'pgsluice'");
  request.set_mode(v1::BATCH_MODE_INDEPENDENT);
  const BatchAnswer independent = Run(request);
  ASSERT_TRUE(independent.ok()) << independent.failure;
  EXPECT_TRUE(independent.response.results(0).has_result())
      << independent.response.ShortDebugString();
  EXPECT_EQ(Amount(1), "115");
}

}  // namespace
}  // namespace pgsluice::testing
