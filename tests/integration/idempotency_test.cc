// Idempotency keys through real gRPC against real PostgreSQL: a write takes effect once.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "pool/idempotency_sql.h"
#include "tests/testing/live_test.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kInsert[] = "INSERT INTO entry (note) VALUES ($1) RETURNING id, note";
constexpr char kCountKeys[] = "SELECT count(*) FROM pgsluice.idempotency";

v1::QueryRequest Keyed(const std::string& key, const std::string& sql,
                       std::vector<v1::Value> parameters = {}) {
  v1::QueryRequest request = MakeQuery(sql, std::move(parameters));
  request.mutable_options()->set_idempotency_key(key);
  return request;
}

class IdempotencyTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP SCHEMA IF EXISTS pgsluice CASCADE");
    cluster().Sql(0, "DROP TABLE IF EXISTS entry");
    cluster().Sql(0, "CREATE TABLE entry (id serial PRIMARY KEY, note text UNIQUE)");
  }
  void StartWithKeys(std::vector<std::string> set = {}) {
    set.emplace_back("idempotency.enabled=true");
    StartGateway(std::move(set));
  }
  // As another user, to the primary only.
  void StartAs(const std::string& user, std::vector<std::string> set = {}) {
    set.emplace_back("idempotency.enabled=true");
    GatewaySettings settings;
    settings.conninfos = {cluster().server(0).conninfo() + " user=" + user};
    settings.set = std::move(set);
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
  }
  Answer Insert(const std::string& key, const std::string& note) {
    return client().Query(Keyed(key, kInsert, {Text(note)}));
  }
  // Until keys are kept; while they are not, nothing is run.
  Answer InsertUntilKept(const std::string& key, const std::string& note) {
    Answer answer;
    EXPECT_TRUE(WaitFor("keys are kept", [&] {
      answer = Insert(key, note);
      return answer.failure.reason != "IDEMPOTENCY_TABLE_UNUSABLE";
    }));
    return answer;
  }
  static std::string CountEntries() {
    return cluster().Sql(0, "SELECT count(*) FROM entry");
  }
};

TEST_F(IdempotencyTest, ARepeatGetsTheAnswerOfTheFirstCall) {
  StartWithKeys();
  const Answer first = Insert("k1", "a");
  ASSERT_TRUE(first.ok()) << first.failure;
  EXPECT_FALSE(first.response.replayed());

  v1::QueryRequest request = Keyed("k1", kInsert, {Text("a")});
  request.mutable_options()->set_report(true);
  const Answer repeat = client().Query(request);

  ASSERT_TRUE(repeat.ok()) << repeat.failure;
  EXPECT_TRUE(repeat.response.replayed());
  EXPECT_EQ(repeat.at(0, 0).int64(), first.at(0, 0).int64());
  EXPECT_EQ(repeat.at(0, 1).text(), "a");
  EXPECT_EQ(repeat.response.columns_size(), 2);
  EXPECT_EQ(repeat.response.rows_affected(), 1U);
  EXPECT_EQ(repeat.response.command_tag(), "INSERT 0 1");
  EXPECT_EQ(repeat.response.route().endpoint(), "server0");
  EXPECT_EQ(CountEntries(), "1");
  EXPECT_EQ(cluster().Sql(0, kCountKeys), "1");
}

TEST_F(IdempotencyTest, PackedRowsAndNoRowsAreReplayedAsWell) {
  StartWithKeys();
  v1::QueryRequest packed = Keyed("p", kInsert, {Text("a")});
  packed.set_encoding(v1::ROW_ENCODING_PACKED);
  const Answer first = client().Query(packed);
  ASSERT_TRUE(first.ok()) << first.failure;

  Answer repeat = client().Query(packed);
  EXPECT_TRUE(repeat.response.replayed()) << repeat.failure;
  EXPECT_EQ(repeat.response.packed().data(), first.response.packed().data());

  const v1::QueryRequest update = Keyed("u", "UPDATE entry SET note = note || '!'");
  ASSERT_TRUE(client().Query(update).ok());
  repeat = client().Query(update);
  EXPECT_TRUE(repeat.response.replayed()) << repeat.failure;
  EXPECT_EQ(repeat.response.command_tag(), "UPDATE 1");
  EXPECT_EQ(cluster().Sql(0, "SELECT note FROM entry"), "a!");
}

TEST_F(IdempotencyTest, AKeyWithAnotherRequestIsRefused) {
  StartWithKeys();
  ASSERT_TRUE(Insert("k", "a").ok());

  v1::QueryRequest packed = Keyed("k", kInsert, {Text("a")});
  packed.set_encoding(v1::ROW_ENCODING_PACKED);
  for (const v1::QueryRequest& other :
       {Keyed("k", kInsert, {Text("b")}), Keyed("k", "DELETE FROM entry"), packed}) {
    const Answer answer = client().Query(other);
    EXPECT_EQ(answer.failure.code, grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(answer.failure.reason, "IDEMPOTENCY_KEY_REUSED") << answer.failure;
    EXPECT_EQ(answer.failure.field, "options.idempotency_key");
    EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
  }
  EXPECT_EQ(CountEntries(), "1");
}

TEST_F(IdempotencyTest, AFailureIsNotRecorded) {
  StartWithKeys();
  cluster().Sql(0, "INSERT INTO entry (note) VALUES ('a')");

  const Answer failed = Insert("k", "a");
  EXPECT_EQ(failed.failure.code, grpc::StatusCode::ALREADY_EXISTS) << failed.failure;
  EXPECT_THAT(failed.failure.message, Not(HasSubstr("steps[0]")));
  EXPECT_TRUE(failed.failure.verdict.same_key_is_safe());
  EXPECT_EQ(failed.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(cluster().Sql(0, kCountKeys), "0");

  cluster().Sql(0, "DELETE FROM entry");
  const Answer again = Insert("k", "a");
  ASSERT_TRUE(again.ok()) << again.failure;
  EXPECT_FALSE(again.response.replayed());
}

TEST_F(IdempotencyTest, OfCallsAtTheSameTimeOneTakesEffect) {
  StartWithKeys();
  constexpr int kCallers = 8;
  std::vector<Answer> answers(kCallers);
  std::vector<std::thread> callers;
  for (Answer& answer : answers) {
    callers.emplace_back([&] {
      answer = client().Query(Keyed(
          "k", "INSERT INTO entry (note) SELECT 'a' FROM pg_sleep(0.1) RETURNING id"));
    });
  }
  for (std::thread& caller : callers) caller.join();

  int first_calls = 0;
  for (const Answer& answer : answers) {
    ASSERT_TRUE(answer.ok()) << answer.failure;
    EXPECT_EQ(answer.at(0, 0).int64(), answers[0].at(0, 0).int64());
    first_calls += answer.response.replayed() ? 0 : 1;
  }
  EXPECT_EQ(first_calls, 1);
  EXPECT_EQ(CountEntries(), "1");
}

TEST_F(IdempotencyTest, WhoeverHoldsTheKeyIsWaitedForWithinTheDeadline) {
  StartWithKeys();
  ASSERT_TRUE(Insert("other", "a").ok());
  auto holder = SqlConnection::Open(cluster().server(0).local_conninfo());
  ASSERT_TRUE(holder.ok()) << holder.status();
  ASSERT_TRUE(holder->Run("BEGIN").ok());
  ASSERT_TRUE(
      holder->Run("INSERT INTO pgsluice.idempotency (key, digest) VALUES ('k', '')")
          .ok());

  const Answer late =
      client().Query(Keyed("k", kInsert, {Text("b")}), absl::Milliseconds(300));
  EXPECT_EQ(late.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << late.failure;
  EXPECT_EQ(CountEntries(), "1");

  Answer patient;
  std::thread caller([&] { patient = Insert("k", "b"); });
  EXPECT_TRUE(WaitFor("the call waits", [] {
    return cluster().Sql(0, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "1";
  }));
  ASSERT_TRUE(holder->Run("ROLLBACK").ok());
  caller.join();
  ASSERT_TRUE(patient.ok()) << patient.failure;
  EXPECT_FALSE(patient.response.replayed());
  EXPECT_EQ(CountEntries(), "2");
}

TEST_F(IdempotencyTest, AnAnswerTooLongToBeRecordedRollsBack) {
  StartWithKeys({"idempotency.max_outcome_bytes=1KiB"});

  const Answer answer = client().Query(
      Keyed("k", "INSERT INTO entry (note) VALUES ('a') RETURNING repeat('x', 2000)"));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.failure.reason, "OUTCOME_TOO_LARGE") << answer.failure;
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(CountEntries(), "0");
  EXPECT_EQ(cluster().Sql(0, kCountKeys), "0");
}

TEST_F(IdempotencyTest, WhatCannotKeepAKeyIsRefused) {
  StartWithKeys();
  const auto expect_refused = [](const Failure& failure) {
    EXPECT_EQ(failure.code, grpc::StatusCode::INVALID_ARGUMENT) << failure;
    EXPECT_EQ(failure.field, "options.idempotency_key") << failure;
  };
  v1::QueryRequest read = Keyed("k", "SELECT 1");
  read.mutable_options()->set_intent(v1::INTENT_READ);
  expect_refused(client().Query(read).failure);
  expect_refused(client().Query(Keyed("", "SELECT 1")).failure);

  v1::StreamQueryRequest stream = MakeStreamQuery("SELECT 1");
  stream.mutable_options()->set_idempotency_key("k");
  expect_refused(client().Stream(stream).failure);

  TransactionStream transaction(client());
  v1::Begin begin;
  begin.mutable_options()->set_idempotency_key("k");
  transaction.Begin(begin);
  expect_refused(transaction.Finish());

  v1::BatchRequest batch;
  batch.set_mode(v1::BATCH_MODE_INDEPENDENT);
  *batch.add_steps()->mutable_statement() = MakeStatement("SELECT 1");
  batch.mutable_options()->set_idempotency_key("k");
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchResponse ignored;
  expect_refused(Explain(client().stub().Batch(&context, batch, &ignored)));

  const Answer vacuum = client().Query(Keyed("k", "VACUUM entry"));
  EXPECT_EQ(vacuum.failure.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(vacuum.failure.sqlstate(), "25001") << vacuum.failure;
  EXPECT_THAT(vacuum.failure.message, HasSubstr("send it without"));
}

TEST_F(IdempotencyTest, ABatchTakesEffectOnce) {
  StartWithKeys();
  v1::BatchRequest request;
  *request.add_steps()->mutable_statement() = MakeStatement(kInsert, {Text("a")});
  v1::BatchStep& second = *request.add_steps();
  *second.mutable_statement() =
      MakeStatement("INSERT INTO entry (note) VALUES ('after ' || $1) RETURNING note");
  second.add_cell_parameters()->set_column(1);
  second.mutable_expect()->set_max_rows(1);
  request.mutable_options()->set_idempotency_key("k");
  const auto run = [&](v1::BatchResponse& response) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    return Explain(client().stub().Batch(&context, request, &response));
  };
  v1::BatchResponse first;
  ASSERT_EQ(run(first).code, grpc::StatusCode::OK) << run(first);
  EXPECT_FALSE(first.replayed());
  EXPECT_EQ(first.results(1).result().rows(0).values(0).text(), "after a");

  v1::BatchResponse repeat;
  ASSERT_EQ(run(repeat).code, grpc::StatusCode::OK);
  EXPECT_TRUE(repeat.replayed());
  repeat.clear_replayed();
  // Of the moment of the repeat, behind all that it answers with.
  EXPECT_GT(repeat.token(), first.token());
  repeat.clear_token();
  first.clear_token();
  EXPECT_EQ(repeat.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(CountEntries(), "2");

  request.mutable_steps(1)->mutable_expect()->set_max_rows(2);
  EXPECT_EQ(run(repeat).reason, "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(Insert("k", "a").failure.reason, "IDEMPOTENCY_KEY_REUSED");
  // What fails leaves the key free.
  request.mutable_options()->set_idempotency_key("k2");
  request.mutable_steps(0)->mutable_statement()->mutable_parameters(0)->set_text("b");
  request.mutable_steps(1)->mutable_expect()->set_min_rows(2);
  EXPECT_EQ(run(repeat).reason, "EXPECTATION_FAILED");
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(cluster().Sql(0, kCountKeys), "1");
  EXPECT_EQ(CountEntries(), "2");
}

TEST_F(IdempotencyTest, WithoutTheSettingKeysAreRefused) {
  StartGateway();

  const Answer answer = Insert("k", "a");

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(answer.failure.reason, "IDEMPOTENCY_OFF") << answer.failure;
  EXPECT_EQ(CountEntries(), "0");
}

TEST_F(IdempotencyTest, AFirstCallTakesTwoRoundTrips) {
  TcpGate gate(cluster().server(0).port());
  GatewaySettings settings;
  settings.conninfos = {absl::StrCat("host=127.0.0.1 port=", gate.port(),
                                     " user=postgres dbname=postgres")};
  // Nothing else talks to the server meanwhile.
  settings.set = {"idempotency.enabled=true", "probe.interval=1m", "probe.timeout=1m",
                  "pools.primary.max_size=1"};
  StartGateway(settings);
  ASSERT_TRUE(gateway().IsReady());
  // Twice for what is prepared the second time.
  for (const char* key : {"w1", "w2", "w3"}) ASSERT_TRUE(Insert(key, key).ok());

  // The fewest of some tells what is needed, however busy the machine is.
  gate.SetDelay(kCountingDelay);
  int64_t fewest = INT64_MAX;
  for (const char* key : {"k1", "k2", "k3", "k4", "k5"}) {
    const int64_t before = gate.round_trips();
    ASSERT_TRUE(Insert(key, key).ok());
    fewest = std::min(fewest, gate.round_trips() - before);
  }
  EXPECT_EQ(fewest, 2);
}

TEST_F(IdempotencyTest, GatewaysThatStartTogetherCreateOneTable) {
  std::vector<std::unique_ptr<Gateway>> gateways;
  for (int i = 0; i < 3; ++i) {
    GatewaySettings settings;
    settings.conninfos = {cluster().server(0).conninfo()};
    settings.set = {"idempotency.enabled=true"};
    settings.temp_path = cluster().temp_path();
    auto started = Gateway::Start(settings);
    ASSERT_TRUE(started.ok()) << started.status();
    gateways.push_back(*std::move(started));
  }
  int replayed = 0;
  for (auto& gateway : gateways) {
    ASSERT_TRUE(gateway->IsReady());
    const Answer answer = gateway->client().Query(Keyed("k", kInsert, {Text("a")}));
    ASSERT_TRUE(answer.ok()) << answer.failure << gateway->Log();
    replayed += answer.response.replayed() ? 1 : 0;
    EXPECT_THAT(gateway->Log(), Not(HasSubstr("cannot be kept")));
  }
  EXPECT_EQ(replayed, 2);
  EXPECT_EQ(CountEntries(), "1");
}

TEST_F(IdempotencyTest, WithoutATableNothingRunsUntilItIsThere) {
  StartWithKeys({"idempotency.create=false"});

  const Answer refused = Insert("k", "a");
  EXPECT_EQ(refused.failure.code, grpc::StatusCode::UNAVAILABLE) << refused.failure;
  EXPECT_EQ(refused.failure.reason, "IDEMPOTENCY_TABLE_UNUSABLE");
  EXPECT_THAT(refused.failure.message, HasSubstr("\"pgsluice\".\"idempotency\""));
  EXPECT_THAT(refused.failure.message, HasSubstr("--idempotency-sql"));
  EXPECT_EQ(refused.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);

  cluster().Sql(0, CreateSchemaSql({}));
  for (const std::string& sql : CreateTableSql({})) cluster().Sql(0, sql);
  const Answer kept = InsertUntilKept("k", "a");
  EXPECT_TRUE(kept.ok()) << kept.failure;

  // One that goes is missed.
  cluster().Sql(0, "DROP SCHEMA pgsluice CASCADE");
  EXPECT_EQ(Insert("k2", "b").failure.reason, "IDEMPOTENCY_TABLE_UNUSABLE");
  EXPECT_EQ(CountEntries(), "1");
}

TEST_F(IdempotencyTest, ATableThatWouldForgetIsNotUsed) {
  cluster().Sql(0, CreateSchemaSql({}));
  for (const std::string& sql : CreateTableSql({})) cluster().Sql(0, sql);
  cluster().Sql(0, "ALTER TABLE pgsluice.idempotency SET UNLOGGED");
  StartWithKeys();
  EXPECT_THAT(Insert("k", "a").failure.message, HasSubstr("SET LOGGED"));

  cluster().Sql(0, "ALTER TABLE pgsluice.idempotency SET LOGGED");
  EXPECT_TRUE(InsertUntilKept("k", "a").ok());

  cluster().Sql(0, "ALTER TABLE pgsluice.idempotency DROP CONSTRAINT idempotency_pkey");
  ForgetGateway();
  StartWithKeys();
  EXPECT_THAT(Insert("k", "a").failure.message, HasSubstr("no unique index"));
  EXPECT_EQ(CountEntries(), "1");
}

TEST_F(IdempotencyTest, ARoleNeedsPrivilegesAndHasItsOwnKeys) {
  cluster().Sql(0, "DROP ROLE IF EXISTS keyless");
  cluster().Sql(0, "CREATE ROLE keyless LOGIN");
  cluster().Sql(0, "GRANT ALL ON entry, entry_id_seq TO keyless");
  StartAs("keyless");
  const Answer may_not_create = Insert("k", "a");
  EXPECT_EQ(may_not_create.failure.reason, "IDEMPOTENCY_TABLE_UNUSABLE");
  EXPECT_THAT(may_not_create.failure.message, HasSubstr("permission denied"))
      << may_not_create.failure;

  cluster().Sql(0, CreateSchemaSql({}));
  for (const std::string& sql : CreateTableSql({})) cluster().Sql(0, sql);
  Answer may_not_use;
  EXPECT_TRUE(WaitFor("what is lacking is told", [&] {
    may_not_use = Insert("k", "a");
    return may_not_use.failure.message.find("GRANT SELECT") != std::string::npos;
  })) << may_not_use.failure;
  EXPECT_EQ(CountEntries(), "0");

  for (const std::string& sql : GrantSql({}, "keyless")) cluster().Sql(0, sql);
  EXPECT_TRUE(InsertUntilKept("k", "a").ok());
  ForgetGateway();
  StartWithKeys();
  const Answer other_role = Insert("k", "b");
  EXPECT_TRUE(other_role.ok()) << other_role.failure;
  EXPECT_FALSE(other_role.response.replayed());
  EXPECT_EQ(CountEntries(), "2");
  cluster().Sql(0, "DROP OWNED BY keyless");
}

TEST_F(IdempotencyTest, OldKeysAreForgotten) {
  StartWithKeys({"idempotency.retention=1h", "idempotency.sweep_interval=100ms"});
  ASSERT_TRUE(Insert("k", "a").ok());
  // More than a sweep deletes at a time, and older.
  cluster().Sql(0,
                "INSERT INTO pgsluice.idempotency (key, digest, recorded_at) "
                "SELECT 'old' || i, '', now() - interval '2 hours' "
                "FROM generate_series(1, 2500) i");

  EXPECT_TRUE(WaitFor("the old ones are gone",
                      [] { return cluster().Sql(0, kCountKeys) == "1"; }));
  EXPECT_TRUE(Insert("k", "a").response.replayed());

  cluster().Sql(0, "UPDATE pgsluice.idempotency SET recorded_at = '2000-01-01'");
  EXPECT_TRUE(
      WaitFor("it is gone, too", [] { return cluster().Sql(0, kCountKeys) == "0"; }));
  cluster().Sql(0, "DELETE FROM entry");
  const Answer anew = Insert("k", "a");
  ASSERT_TRUE(anew.ok()) << anew.failure;
  EXPECT_FALSE(anew.response.replayed());
}

}  // namespace
}  // namespace pgsluice::testing
