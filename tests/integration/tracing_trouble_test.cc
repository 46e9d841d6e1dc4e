// Tracing where it is not well with the collector; and at the end.
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "tests/integration/freshness_fixture.h"
#include "tests/integration/metrics_page.h"
#include "tests/integration/tracing_fixture.h"
#include "tests/testing/free_port.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kExported[] = "pgsluice_tracing_spans_exported_total";
constexpr char kFailures[] = "pgsluice_tracing_export_failures_total";

std::string Dropped(std::string_view reason) {
  return absl::StrCat("pgsluice_tracing_spans_dropped_total{reason=\"",
                      std::string(reason), "\"}");
}

class TracingTroubleTest : public Traced<FreshnessTest> {
 protected:
  void StartMeasured(std::vector<std::string> set) {
    port_ = PickFreePort();
    set.push_back(absl::StrCat("server.metrics_listen_address=127.0.0.1:", port_));
    StartTraced(std::move(set));
  }
  double Value(const std::string& series) { return MetricsPage::Of(port_)[series]; }

  int port_ = 0;
};

TEST_F(TracingTroubleTest, WithoutACollectorCallsGoOnAndSpansAreDropped) {
  StartMeasured({absl::StrCat("tracing.endpoint=http://127.0.0.1:", PickFreePort()),
                 "tracing.give_up_after=50ms"});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client().Query("SELECT 1").ok());

  EXPECT_TRUE(WaitFor("spans are dropped",
                      [&] { return Value(Dropped("export_failed")) >= 30; }));
  EXPECT_GE(Value(kFailures), 1);
  EXPECT_EQ(Value(kExported), 0);
  EXPECT_THAT(gateway().Log(), HasSubstr("the collector does not take spans"));
}

TEST_F(TracingTroubleTest, ACollectorThatHangsFillsTheQueueAndNothingElse) {
  receiver().Hang(true);
  StartMeasured({"tracing.max_queue=30", "tracing.max_batch=10", "tracing.timeout=5m"});
  EXPECT_TRUE(WaitFor("calls are dropped", [&] {
    EXPECT_TRUE(client().Query("SELECT 1").ok());
    return Value(Dropped("queue_full")) > 0;
  }));
  EXPECT_EQ(receiver().requests(), 1u);

  receiver().Hang(false);
  EXPECT_TRUE(WaitFor("what had waited is sent", [&] { return Value(kExported) >= 25; }));
}

TEST_F(TracingTroubleTest, ACollectorThatComesBackGetsWhatHasWaited) {
  receiver().AnswerWith({grpc::StatusCode::UNAVAILABLE, "busy"});
  StartMeasured({});
  const CallersTrace caller;
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), caller).ok());
  EXPECT_TRUE(WaitFor("it was refused", [&] { return Value(kFailures) >= 1; }));

  receiver().AnswerWith(grpc::Status::OK);

  EXPECT_EQ(TraceOf(caller).size(), 3u);
  EXPECT_EQ(Value(Dropped("export_failed")), 0);
  EXPECT_TRUE(WaitFor("it is told", [&] {
    return absl::StrContains(gateway().Log(), "the collector takes spans again");
  }));
}

TEST_F(TracingTroubleTest, AShutdownSendsWhatThereIs) {
  // Others fill no batch.
  StartTraced({"tracing.interval=10m", "tracing.headers=x-token=secret",
               "tracing.sampler=parentbased_always_off"});
  const CallersTrace caller;
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), caller).ok());
  EXPECT_TRUE(receiver().spans().empty());

  const auto exit_status = gateway().Stop();

  ASSERT_TRUE(exit_status.ok()) << exit_status.status();
  EXPECT_EQ(*exit_status, 0);
  EXPECT_EQ(TraceOf(caller).size(), 3u);
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("secret")));
  ForgetGateway();
}

TEST_F(TracingTroubleTest, AShutdownDoesNotWaitForACollectorThatHangs) {
  receiver().Hang(true);
  StartTraced({"tracing.timeout=5m"});
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  EXPECT_TRUE(WaitFor("it hangs", [&] { return receiver().requests() == 1; }));

  const auto exit_status = gateway().Stop();

  ASSERT_TRUE(exit_status.ok()) << exit_status.status();
  EXPECT_EQ(*exit_status, 0);
  ForgetGateway();
}

TEST_F(TracingTroubleTest, OffThereIsNothing) {
  StartMeasured({"tracing.disabled=true"});
  ASSERT_TRUE(client().Query("SELECT 1").ok());

  EXPECT_EQ(Value(kExported), 0);
  EXPECT_EQ(Value(Dropped("queue_full")), 0);
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  EXPECT_EQ(receiver().requests(), 0u);
  ForgetGateway();
}

TEST_F(TracingTroubleTest, AReadThatWaitsForAReplicaSaysSo) {
  StartTraced();
  PauseReplicas();
  const std::string token = Write("a");
  const CallersTrace caller;
  grpc::Status status;
  std::thread reader([&] { status = Query(AtLeast(token, v1::IF_UNMET_WAIT), caller); });
  EXPECT_TRUE(AreWaiting(1));

  ResumeReplay(cluster(), 2);
  reader.join();

  ASSERT_TRUE(status.ok());
  const Spans spans = TraceOf(caller);
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Query"));
  const OtlpSpan wait = Only(spans, "wait_for_replica");
  EXPECT_EQ(wait.parent_span_id(), own.span_id());
  EXPECT_LE(wait.end_time_unix_nano(), Only(spans, "queue").start_time_unix_nano());
  EXPECT_EQ(AttributeOf(Only(spans, "execute"), "pgsluice.endpoint"), "server2");
}

}  // namespace
}  // namespace pgsluice::testing
