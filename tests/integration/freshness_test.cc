// Reads that are fresh enough: tokens of writes, and replicas that are behind.
#include <atomic>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "pool/write_token.h"
#include "tests/testing/live_test.h"
#include "tests/testing/replay_pauses.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class FreshnessTest : public LiveTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS notes");
    cluster().Sql(0, "CREATE TABLE notes (name text)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }
  void TearDown() override {
    for (const size_t replica : kReplicas) ResumeReplay(cluster(), replica);
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    LiveTest::TearDown();
  }

 protected:
  static constexpr size_t kReplicas[] = {1, 2};
  // A healthy replica keeps within it, however busy the machine is.
  static constexpr absl::Duration kBound = absl::Seconds(2);

  void PauseReplicas() {
    for (const size_t replica : kReplicas) PauseReplay(cluster(), replica);
  }
  // Returns its token.
  std::string Write(std::string_view name) {
    const Answer answer =
        client().Query("INSERT INTO notes VALUES ($1)", {Text(name)});
    EXPECT_TRUE(answer.ok()) << answer.failure;
    EXPECT_EQ(answer.response.token().size(), kTokenBytes);
    return answer.response.token();
  }
  static v1::QueryRequest CountNotes() {
    v1::QueryRequest request =
        MakeQuery("SELECT count(*) FROM notes", {}, v1::INTENT_READ);
    request.mutable_options()->set_report(true);
    return request;
  }
  static v1::QueryRequest AtLeast(const std::string& token,
                                  v1::IfUnmet if_unmet = v1::IF_UNMET_UNSPECIFIED) {
    v1::QueryRequest request = CountNotes();
    request.mutable_options()->mutable_freshness()->set_at_least(token);
    request.mutable_options()->set_if_unmet(if_unmet);
    return request;
  }
  static v1::QueryRequest MaxStaleness(absl::Duration duration,
                                       v1::IfUnmet if_unmet) {
    v1::QueryRequest request = CountNotes();
    auto& staleness = *request.mutable_options()->mutable_freshness()->mutable_max_staleness();
    staleness.set_seconds(absl::ToInt64Seconds(duration));
    staleness.set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(duration % absl::Seconds(1))));
    request.mutable_options()->set_if_unmet(if_unmet);
    return request;
  }
  void ExpectCount(const Answer& answer, int64_t count) {
    ASSERT_TRUE(answer.ok()) << answer.failure;
    EXPECT_EQ(answer.at(0, 0).int64(), count);
  }
  v1::FreshReads FreshReads() { return client().PoolStats().fresh_reads(); }
  ::testing::AssertionResult AreWaiting(uint32_t reads) {
    return WaitFor(absl::StrCat(reads, " reads wait"),
                   [&] { return FreshReads().waiting() == reads; });
  }
};

TEST_F(FreshnessTest, EveryKindOfWriteComesWithATokenThatMakesAReadSeeIt) {
  StartGateway({"idempotency.enabled=true"});
  int64_t written = 0;
  std::string last;
  const auto expect_seen = [&](const char* kind, const std::string& token) {
    SCOPED_TRACE(kind);
    ASSERT_EQ(token.size(), kTokenBytes);
    EXPECT_GT(token, last) << "it is later than the one before";
    last = token;
    ExpectCount(client().Query(AtLeast(token, v1::IF_UNMET_WAIT)), ++written);
  };
  const char kInsert[] = "INSERT INTO notes VALUES ('x')";

  // Twice: the second time it is prepared.
  for (int i = 0; i < 3; ++i) {
    expect_seen("Query", client().Query(kInsert).response.token());
  }
  expect_seen("StreamQuery", client().Stream(MakeStreamQuery(kInsert)).trailer.token());
  v1::QueryRequest resolved = MakeQuery(kInsert);
  resolved.mutable_options()->set_resolve_commit(true);
  expect_seen("Query with resolve_commit", client().Query(resolved).response.token());
  v1::QueryRequest keyed = MakeQuery(kInsert);
  keyed.mutable_options()->set_idempotency_key("freshness-1");
  expect_seen("Query with a key", client().Query(keyed).response.token());
  // Nothing is written anew, but what was is behind the token.
  const v1::QueryResponse replayed = client().Query(keyed).response;
  EXPECT_TRUE(replayed.replayed());
  --written;
  expect_seen("replayed", replayed.token());
  for (const v1::BatchMode mode :
       {v1::BATCH_MODE_ATOMIC, v1::BATCH_MODE_INDEPENDENT}) {
    v1::BatchRequest batch;
    batch.set_mode(mode);
    batch.add_steps()->mutable_statement()->set_sql(kInsert);
    batch.add_steps()->mutable_statement()->set_sql("SELECT 1");
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::BatchResponse response;
    ASSERT_TRUE(client().stub().Batch(&context, batch, &response).ok());
    expect_seen(v1::BatchMode_Name(mode).c_str(), response.token());
  }
  for (const bool is_one_turn : {false, true}) {
    TransactionStream transaction(client());
    transaction.Begin();
    v1::TransactionRequest execute = MakeExecute(kInsert);
    execute.set_then_commit(is_one_turn);
    EXPECT_TRUE(transaction.Ask(execute).has_result());
    const v1::TransactionResponse committed =
        is_one_turn ? *transaction.Receive() : transaction.Commit();
    transaction.Finish();
    expect_seen(is_one_turn ? "then_commit" : "commit", committed.committed().token());
  }
  EXPECT_TRUE(client().Read("SELECT 1").response.token().empty()) << "not a write";
}

TEST_F(FreshnessTest, AFailedStepOfAnIndependentBatchTakesNoTokenFromTheOthers) {
  StartGateway();
  v1::BatchRequest batch;
  batch.set_mode(v1::BATCH_MODE_INDEPENDENT);
  batch.add_steps()->mutable_statement()->set_sql("INSERT INTO notes VALUES ('x')");
  batch.add_steps()->mutable_statement()->set_sql("SELECT 1/0");
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchResponse response;

  ASSERT_TRUE(client().stub().Batch(&context, batch, &response).ok());

  EXPECT_TRUE(response.results(1).has_error());
  ExpectCount(client().Query(AtLeast(response.token(), v1::IF_UNMET_WAIT)), 1);
}

TEST_F(FreshnessTest, WithoutTokensThereAreNone) {
  StartGateway({"routing.write_tokens=false"});

  const Answer answer = client().Query("INSERT INTO notes VALUES ('x')");

  EXPECT_TRUE(answer.ok());
  EXPECT_TRUE(answer.response.token().empty());
}

TEST_F(FreshnessTest, WaitEndsWhenAReplicaHasReplayed) {
  StartGateway();
  PauseReplicas();
  const std::string token = Write("a");
  Answer answer;
  std::thread reader(
      [&] { answer = client().Query(AtLeast(token, v1::IF_UNMET_WAIT)); });
  EXPECT_TRUE(AreWaiting(1));

  ResumeReplay(cluster(), 2);
  reader.join();

  ExpectCount(answer, 1);
  EXPECT_EQ(answer.response.route().endpoint(), "server2");
  EXPECT_EQ(answer.response.route().reason(), "read");
  EXPECT_TRUE(answer.response.timing().has_freshness_wait());
  EXPECT_EQ(FreshReads().met_after_wait(), 1u);
}

TEST_F(FreshnessTest, IfUnmetSaysWhatElse) {
  StartGateway();
  PauseReplicas();
  const std::string token = Write("a");

  const Answer primary = client().Query(AtLeast(token, v1::IF_UNMET_PRIMARY));
  const Answer by_default = client().Query(AtLeast(token));
  const Answer fail = client().Query(AtLeast(token, v1::IF_UNMET_FAIL));
  const Answer late =
      client().Query(AtLeast(token, v1::IF_UNMET_WAIT), absl::Seconds(4));
  const Answer any = client().Query(CountNotes());

  for (const Answer& answer : {primary, by_default}) {
    ExpectCount(answer, 1);
    EXPECT_EQ(answer.response.route().endpoint(), "server0");
    EXPECT_EQ(answer.response.route().reason(), "fallback_stale");
  }
  EXPECT_FALSE(primary.response.timing().has_freshness_wait());
  EXPECT_TRUE(by_default.response.timing().has_freshness_wait());
  EXPECT_EQ(fail.failure.code, grpc::StatusCode::FAILED_PRECONDITION) << fail.failure;
  EXPECT_EQ(fail.failure.reason, "NOT_FRESH_ENOUGH");
  EXPECT_EQ(fail.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_EQ(late.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << late.failure;
  EXPECT_EQ(late.failure.reason, "NOT_FRESH_IN_TIME") << late.failure;
  EXPECT_THAT(late.failure.message, HasSubstr("bytes behind"));
  ExpectCount(any, 0);
  const v1::FreshReads counts = FreshReads();
  EXPECT_EQ(counts.to_primary(), 2u);
  EXPECT_EQ(counts.unmet(), 2u);
}

TEST_F(FreshnessTest, AReplicaThatIsThereIsUsedAtOnceAndTheOtherNot) {
  StartGateway();
  PauseReplay(cluster(), 1);
  const std::string token = Write("a");
  ExpectCount(client().Query(AtLeast(token, v1::IF_UNMET_WAIT)), 1);
  const uint64_t questions = FreshReads().questions();

  for (int i = 0; i < 50; ++i) {
    const Answer answer = client().Query(AtLeast(token, v1::IF_UNMET_FAIL));
    ExpectCount(answer, 1);
    EXPECT_EQ(answer.response.route().endpoint(), "server2");
  }

  EXPECT_EQ(FreshReads().questions(), questions) << "nobody had to be asked";
}

TEST_F(FreshnessTest, HoweverManyWaitEachReplicaIsAskedOneQuestionAtATime) {
  constexpr int kReads = 200;
  StartGateway();
  PauseReplicas();
  const std::string token = Write("a");
  const absl::Time begun = absl::Now();
  std::atomic<int> good = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReads; ++i) {
    readers.emplace_back([&] {
      const Answer answer = client().Query(AtLeast(token, v1::IF_UNMET_WAIT));
      if (answer.ok() && answer.at(0, 0).int64() == 1) ++good;
    });
  }
  EXPECT_TRUE(AreWaiting(kReads));
  const uint64_t before = FreshReads().questions();
  EXPECT_TRUE(WaitFor("some more are asked", [&] {
    return FreshReads().questions() >= before + 40;
  }));

  const v1::FreshReads counts = FreshReads();
  const double most = absl::FDivDuration(absl::Now() - begun, absl::Milliseconds(2)) + 2;
  EXPECT_LE(static_cast<double>(counts.questions()), most * std::size(kReplicas));
  for (const size_t replica : kReplicas) {
    EXPECT_EQ(cluster().Sql(replica,
                            "SELECT count(*) FROM pg_stat_activity "
                            "WHERE application_name = 'pgsluice control'"),
              "2")
        << "the prober's session, and the one for all that wait";
  }
  for (const size_t replica : kReplicas) ResumeReplay(cluster(), replica);
  for (std::thread& reader : readers) reader.join();

  EXPECT_EQ(good, kReads);
  EXPECT_EQ(FreshReads().waiting(), 0u);
  std::cout << counts.questions() << " questions to " << std::size(kReplicas)
            << " replicas in " << absl::Now() - begun << " while " << kReads
            << " reads waited\n";
}

TEST_F(FreshnessTest, ACallThatIsCancelledWaitsNoLonger) {
  StartGateway();
  PauseReplicas();
  const std::string token = Write("a");
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::QueryResponse response;
  grpc::Status status;
  std::thread reader([&] {
    status = client().stub().Query(&context, AtLeast(token, v1::IF_UNMET_WAIT), &response);
  });
  EXPECT_TRUE(AreWaiting(1));

  context.TryCancel();
  reader.join();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(AreWaiting(0));
}

TEST_F(FreshnessTest, WhatIsNoTokenIsRefusedByName) {
  StartGateway();
  const std::string good = Write("a");
  const std::string rubbish[] = {"", "rubbish", good.substr(1), good + good,
                                 std::string(kTokenBytes, 'x')};
  for (const std::string& token : rubbish) {
    const Answer answer = client().Query(AtLeast(token));
    EXPECT_EQ(answer.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << answer.failure;
    EXPECT_EQ(answer.failure.field, "options.freshness.at_least");
  }
  WriteToken foreign = *DecodeToken(good);
  ++foreign.system_identifier;
  const Answer other = client().Query(AtLeast(EncodeToken(foreign)));
  WriteToken ahead = *DecodeToken(good);
  ++ahead.position.timeline;
  const Answer later =
      client().Query(AtLeast(EncodeToken(ahead), v1::IF_UNMET_PRIMARY), absl::Seconds(4));
  const Answer negative =
      client().Query(MaxStaleness(-absl::Seconds(1), v1::IF_UNMET_FAIL));

  EXPECT_EQ(other.failure.code, grpc::StatusCode::FAILED_PRECONDITION) << other.failure;
  EXPECT_EQ(other.failure.reason, "TOKEN_OF_ANOTHER_CLUSTER");
  EXPECT_EQ(other.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
  EXPECT_EQ(later.failure.code, grpc::StatusCode::UNAVAILABLE) << later.failure;
  EXPECT_EQ(later.failure.reason, "TOKEN_AHEAD");
  EXPECT_EQ(negative.failure.field, "options.freshness.max_staleness");
  EXPECT_EQ(FreshReads().tokens_refused(), 1u);
}

TEST_F(FreshnessTest, TransactionsStreamsAndBatchesWaitToo) {
  StartGateway();
  PauseReplay(cluster(), 1);
  PauseReplay(cluster(), 2);
  const std::string token = Write("a");
  const v1::RequestOptions options = AtLeast(token, v1::IF_UNMET_WAIT).options();
  v1::TransactionResponse counted;
  v1::StreamQueryRequest stream_request = MakeStreamQuery("SELECT count(*) FROM notes");
  *stream_request.mutable_options() = options;
  StreamAnswer streamed;
  v1::BatchRequest batch;
  batch.add_steps()->mutable_statement()->set_sql("SELECT count(*) FROM notes");
  *batch.mutable_options() = options;
  v1::BatchResponse batched;
  std::thread transaction_thread([&] {
    TransactionStream transaction(client());
    v1::Begin begin;
    *begin.mutable_options() = options;
    transaction.Begin(begin);
    counted = transaction.Execute("SELECT count(*) FROM notes");
    transaction.Commit();
    transaction.Finish();
  });
  std::thread stream_thread([&] { streamed = client().Stream(stream_request); });
  std::thread batch_thread([&] {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    EXPECT_TRUE(client().stub().Batch(&context, batch, &batched).ok());
  });
  EXPECT_TRUE(AreWaiting(3));

  for (const size_t replica : kReplicas) ResumeReplay(cluster(), replica);
  transaction_thread.join();
  stream_thread.join();
  batch_thread.join();

  ASSERT_EQ(counted.result().rows_size(), 1) << counted.ShortDebugString();
  EXPECT_EQ(counted.result().rows(0).values(0).int64(), 1);
  EXPECT_EQ(streamed.sum, 1u) << streamed.failure;
  ASSERT_EQ(batched.results_size(), 1);
  EXPECT_EQ(batched.results(0).result().rows(0).values(0).int64(), 1);
  EXPECT_EQ(batched.route().role(), "replica");
}

TEST_F(FreshnessTest, AnIdlePrimaryMakesNobodyStale) {
  StartGateway({"probe.interval=50ms"});
  Write("a");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());

  // Long enough for staleness to grow, if it did.
  EXPECT_TRUE(WaitFor("probes have gone round a few times", [&, first = absl::Now()] {
    return absl::Now() - first > absl::Seconds(4);
  }));
  const Answer answer = client().Query(MaxStaleness(kBound, v1::IF_UNMET_FAIL));

  ExpectCount(answer, 1);
  EXPECT_EQ(answer.response.route().role(), "replica");
  EXPECT_LT(answer.response.route().staleness().seconds(), 2);
}

TEST_F(FreshnessTest, StaleReplicasAreLeftOut) {
  StartGateway({"probe.interval=50ms"});
  PauseReplay(cluster(), 1);
  const auto is_refused = [&](size_t replica) {
    v1::QueryRequest request = MaxStaleness(kBound, v1::IF_UNMET_FAIL);
    const Answer answer = client().Query(request);
    Write("more");
    return answer.ok() && answer.response.route().endpoint() !=
                              absl::StrCat("server", replica);
  };
  int in_a_row = 0;
  EXPECT_TRUE(WaitFor("the one that stands still is not used any more", [&] {
    in_a_row = is_refused(1) ? in_a_row + 1 : 0;
    return in_a_row >= 30;
  }));

  PauseReplay(cluster(), 2);
  EXPECT_TRUE(WaitFor("none is fresh enough", [&] {
    Write("more");
    const Answer answer =
        client().Query(MaxStaleness(kBound, v1::IF_UNMET_FAIL));
    return answer.failure.reason == "NOT_FRESH_ENOUGH";
  }));
  const Answer primary =
      client().Query(MaxStaleness(kBound, v1::IF_UNMET_PRIMARY));
  EXPECT_EQ(primary.response.route().reason(), "fallback_stale");

  for (const size_t replica : kReplicas) ResumeReplay(cluster(), replica);
  const Answer waited =
      client().Query(MaxStaleness(kBound, v1::IF_UNMET_WAIT));
  EXPECT_EQ(waited.response.route().role(), "replica") << waited.failure;
}

TEST_F(FreshnessTest, TheAnswerTellsWhatWasKnownOfItsEndpoint) {
  StartGateway();
  const std::string token = Write("a");
  const Answer read = client().Query(AtLeast(token, v1::IF_UNMET_WAIT));
  v1::QueryRequest insert = MakeQuery("INSERT INTO notes VALUES ('b')");
  insert.mutable_options()->set_report(true);
  const Answer write = client().Query(insert);

  for (const Answer& answer : {read, write}) {
    ASSERT_TRUE(answer.ok()) << answer.failure;
    const v1::Route& route = answer.response.route();
    EXPECT_EQ(route.timeline(), 1u);
    EXPECT_THAT(route.lsn(), HasSubstr("/"));
    EXPECT_TRUE(route.has_seen_age());
  }
  EXPECT_TRUE(read.response.route().has_staleness());
  EXPECT_FALSE(write.response.route().has_staleness());
}

}  // namespace
}  // namespace pgsluice::testing
