// Connections that only cost are cut, and their address waits; those of callers that are
// unlucky, or have much to say, are not.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/fault/attack.h"
#include "tests/integration/metrics_page.h"
#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"
#include "tests/testing/raw_connection.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class ConnectionWasteTest : public LiveTest {
 protected:
  void Start(std::vector<std::string> set) {
    metrics_port_ = PickFreePort();
    set.push_back(
        absl::StrCat("server.metrics_listen_address=127.0.0.1:", metrics_port_));
    // Nothing else is to cut them.
    set.emplace_back("server.max_process_bytes=0");
    StartGateway(std::move(set));
    ASSERT_TRUE(client().Query("SELECT 1").ok());
  }
  std::string Attack(const std::string& name, const std::string& scale) {
    return RunAttack(name, scale, gateway().port(), cluster().temp_path());
  }
  double Cuts(const std::string& reason) {
    return MetricsPage::Of(metrics_port_)[absl::StrCat(
        R"(pgsluice_server_connections_cut_total{port="main",reason=")", reason,
        R"("})")];
  }
  double Accepted() {
    return MetricsPage::Of(
        metrics_port_)[R"(pgsluice_server_connections_accepted_total{port="main"})"];
  }

  int metrics_port_ = 0;
};

TEST_F(ConnectionWasteTest, OneWhoseCallsAreCancelledAtOnceIsCutAndItsAddressWaits) {
  Start({"server.pause_after_cut=1h"});

  // Ten million calls, if it were let.
  EXPECT_THAT(Attack("rapid_reset", "100"), HasSubstr(R"("closed": true)"));

  EXPECT_EQ(Cuts("max_abandoned_call_rate"), 1);
  RawConnection again(gateway().port(), "127.0.0.1");
  EXPECT_TRUE(again.IsClosed());
  RawConnection neighbour(gateway().port(), "127.0.0.2");
  EXPECT_TRUE(neighbour.IsServed());
  EXPECT_TRUE(client().Query("SELECT 1").ok()) << "who is there stays";
}

TEST_F(ConnectionWasteTest, OneHeaderWithoutEndEnds) {
  Start({});

  // gRPC ends some of these itself, sooner.
  EXPECT_THAT(Attack("big_string", "4"), HasSubstr(R"("closed": true)"));

  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(ConnectionWasteTest, FramesThatAreNoCallsAreCut) {
  Start({});

  EXPECT_THAT(Attack("settings_flood", "50"), HasSubstr(R"("closed": true)"));

  EXPECT_EQ(Cuts("max_bytes_without_message"), 1);
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

// Their calls end as the attacker's do: cancelled by the client. But they were calls.
TEST_F(ConnectionWasteTest, CallersWhoseDeadlinesExpireAreNotCut) {
  Start({"server.max_abandoned_call_rate=20"});
  const double accepted = Accepted();
  std::atomic<int> late = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        const Answer answer =
            client().Query(MakeQuery("SELECT pg_sleep(5)"), absl::Milliseconds(50));
        if (answer.failure.code == grpc::StatusCode::DEADLINE_EXCEEDED) ++late;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();

  // Far more than may be abandoned: 20 a second, 100 at once.
  EXPECT_GT(late, 350);
  EXPECT_EQ(Cuts("max_abandoned_call_rate"), 0);
  EXPECT_EQ(Accepted(), accepted) << "it is still the same connection";
  EXPECT_THAT(Attack("rapid_reset", "100"), HasSubstr(R"("closed": true)"));
  EXPECT_EQ(Cuts("max_abandoned_call_rate"), 1);
}

// A connection gets as much as its calls can make use of.
TEST_F(ConnectionWasteTest, LargeRequestsSideBySideAreNotCut) {
  Start({});
  const std::string text(3 << 20, 'x');
  std::vector<std::thread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] {
      const Answer answer = client().Query("SELECT length($1::text)", {Text(text)});
      EXPECT_TRUE(answer.ok()) << answer.failure;
    });
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(Cuts("max_bytes_without_message"), 0);
}

}  // namespace
}  // namespace pgsluice::testing
