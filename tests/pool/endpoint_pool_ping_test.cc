// How EndpointPool asks idle sessions whether they are still there, and what it tells of
// its sessions' lives.
#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

class EndpointPoolPingTest : public EndpointPoolTest {
 protected:
  EndpointPoolPingTest() { options_.ping_after = absl::Seconds(30); }

  // The session that is being pinged; null when none is.
  std::shared_ptr<FakeSession> Pinged() const {
    for (const auto& session : connector_->sessions()) {
      if (session->clean_up().has_value()) return session;
    }
    return nullptr;
  }
};

TEST_F(EndpointPoolPingTest, PingsAnIdleSessionOnceItIsStale) {
  MakePool();
  OpenIdle(1);
  clock_.Advance(absl::Seconds(29));
  pool_->Maintain();
  EXPECT_EQ(Pinged(), nullptr);

  clock_.Advance(absl::Seconds(1));
  pool_->Maintain();

  ASSERT_NE(Pinged(), nullptr);
  EXPECT_TRUE(Pinged()->clean_up()->fence);
  EXPECT_FALSE(Pinged()->clean_up()->reset);
  EXPECT_EQ(pool_->Stats().maintenance, 1u);
  EXPECT_EQ(pool_->Stats().idle, 0u);
  EXPECT_EQ(pool_->Stats().counters.pings, 1u);
}

TEST_F(EndpointPoolPingTest, AnAnswerMakesItIdleAgainAndNotStale) {
  MakePool();
  OpenIdle(1);
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();

  Pinged()->EndCleanUp(absl::OkStatus());
  pool_->Maintain();

  EXPECT_EQ(pool_->Stats().idle, 1u);
  EXPECT_EQ(Pinged(), nullptr);
}

TEST_F(EndpointPoolPingTest, NoAnswerClosesIt) {
  options_.min_size = 1;
  MakePool();
  OpenIdle(1);
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();

  Pinged()->EndCleanUp(absl::UnavailableError("no answer"));

  EXPECT_EQ(Closed(CloseReason::kPingFailed), 1u);
  EXPECT_EQ(connector_->outstanding(), 1u) << "another takes its place";
}

TEST_F(EndpointPoolPingTest, APingDoesNotKeepASessionFromGrowingOld) {
  options_.idle_timeout = absl::Seconds(50);
  MakePool();
  OpenIdle(1);
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();
  Pinged()->EndCleanUp(absl::OkStatus());

  clock_.Advance(absl::Seconds(20));
  pool_->Maintain();

  EXPECT_EQ(Closed(CloseReason::kIdle), 1u);
}

TEST_F(EndpointPoolPingTest, APingDoesNotMakeASessionTheOneUsedLast) {
  MakePool();
  OpenIdle(2);
  Lease used = Take();
  const auto used_last = SessionOf(used);
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();
  ASSERT_NE(Pinged(), nullptr);
  used.Return();

  Pinged()->EndCleanUp(absl::OkStatus());

  EXPECT_EQ(SessionOf(Take()), used_last);
}

TEST_F(EndpointPoolPingTest, AWaiterGetsThePingedSession) {
  options_.max_size = 1;
  MakePool();
  OpenIdle(1);
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();
  auto waiting = Wait();

  Pinged()->EndCleanUp(absl::OkStatus());

  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolPingTest, ARetiredPoolClosesThePingedSessionAsRetired) {
  MakePool();
  OpenIdle(1);
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();
  const auto pinged = Pinged();
  pool_->Retire(CloseReason::kRetired, absl::UnavailableError("retired"));

  pinged->EndCleanUp(absl::OkStatus());

  EXPECT_EQ(Closed(CloseReason::kRetired), 1u);
}

TEST_F(EndpointPoolPingTest, TellsOfEveryEventOnce) {
  std::vector<std::string> events;
  on_session_event_ = [&](const SessionEvent& event) {
    events.emplace_back(SessionEventName(event.kind));
    if (event.kind != SessionEventKind::kClosed) return;
    events.back() += std::string(": ") + std::string(CloseReasonName(event.reason));
    if (!event.why.empty()) events.back() += ", " + event.why;
  };
  MakePool();
  OpenIdle(1);
  Lease lease = Take();
  const auto session = SessionOf(lease);
  session->SetFacts({.needs_reset = true});

  lease.Return();
  session->EndCleanUp(absl::OkStatus());
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();
  session->EndCleanUp(absl::OkStatus());
  clock_.Advance(absl::Seconds(30));
  pool_->Maintain();
  session->EndCleanUp(absl::UnavailableError("no answer"));

  EXPECT_THAT(events, ElementsAre("session opened", "session reset", "session pinged",
                                  "session closed: ping_failed, no answer"));
}

}  // namespace
}  // namespace pgsluice::testing
