// Reads that are fresh enough, or wait, go elsewhere or fail.
#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

#include "tests/integration/freshness_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(FreshnessTest, WaitEndsWhenAReplicaHasReplayed) {
  StartGateway();
  PauseReplicas();
  const std::string token = Write("a");
  Answer answer;
  std::thread reader([&] { answer = client().Query(AtLeast(token, v1::IF_UNMET_WAIT)); });
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
  const Answer late = client().Query(AtLeast(token, v1::IF_UNMET_WAIT), absl::Seconds(4));
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
  EXPECT_TRUE(WaitFor("some more are asked",
                      [&] { return FreshReads().questions() >= before + 40; }));

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
    status =
        client().stub().Query(&context, AtLeast(token, v1::IF_UNMET_WAIT), &response);
  });
  EXPECT_TRUE(AreWaiting(1));

  context.TryCancel();
  reader.join();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(AreWaiting(0));
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
    return answer.ok() &&
           answer.response.route().endpoint() != absl::StrCat("server", replica);
  };
  int in_a_row = 0;
  EXPECT_TRUE(WaitFor("the one that stands still is not used any more", [&] {
    in_a_row = is_refused(1) ? in_a_row + 1 : 0;
    return in_a_row >= 30;
  }));

  PauseReplay(cluster(), 2);
  EXPECT_TRUE(WaitFor("none is fresh enough", [&] {
    Write("more");
    const Answer answer = client().Query(MaxStaleness(kBound, v1::IF_UNMET_FAIL));
    return answer.failure.reason == "NOT_FRESH_ENOUGH";
  }));
  const Answer primary = client().Query(MaxStaleness(kBound, v1::IF_UNMET_PRIMARY));
  EXPECT_EQ(primary.response.route().reason(), "fallback_stale");

  for (const size_t replica : kReplicas) ResumeReplay(cluster(), replica);
  const Answer waited = client().Query(MaxStaleness(kBound, v1::IF_UNMET_WAIT));
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
