// Tens of thousands of cancels at random moments on a pool of two, and neighbours who
// check their own answers: a cancel never hits the statement of somebody else. With
// PGSLUICE_TEST_LONG=1 a hundred thousand.
#include <atomic>
#include <cstdlib>
#include <grpcpp/completion_queue.h>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

constexpr int kCancels = 20'000;
constexpr int kCancelsLong = 100'000;
// Those that reach PostgreSQL while a statement runs are the ones that could go astray;
// the others meet a call that waits or has just ended.
constexpr uint64_t kCancelsOnTheServer = 1'000;
constexpr int kCancellers = 3;
constexpr int kNeighbours = 2;
constexpr int kLongestDelayMicroseconds = 10'000;
constexpr absl::Duration kLimit = absl::Seconds(150);
constexpr absl::Duration kLimitLong = absl::Minutes(30);

bool IsLong() { return std::getenv("PGSLUICE_TEST_LONG") != nullptr; }

class CancelRaceTest : public FaultTest {
 protected:
  static int Wanted() { return IsLong() ? kCancelsLong : kCancels; }

  // Starts a call and cancels it after a random delay, unless it was quicker. Returns
  // how it ended.
  static grpc::StatusCode CallAndCancel(GatewayClient& client,
                                        const v1::QueryRequest& request,
                                        absl::Duration delay) {
    grpc::ClientContext context;
    SetDeadline(context, absl::Seconds(60));
    grpc::CompletionQueue queue;
    v1::QueryResponse response;
    grpc::Status status;
    const auto call = client.stub().AsyncQuery(&context, request, &queue);
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool is_ok = false;
    const auto moment = absl::ToChronoTime(absl::Now() + delay);
    if (queue.AsyncNext(&tag, &is_ok, moment) == grpc::CompletionQueue::TIMEOUT) {
      context.TryCancel();
      queue.Next(&tag, &is_ok);
    }
    queue.Shutdown();
    while (queue.Next(&tag, &is_ok)) {
    }
    return status.error_code();
  }

  // Cancels calls until enough were cancelled in time.
  void Cancel(int seed, std::atomic<int>& cancelled, absl::Time deadline) {
    GatewayClient own(gateway().port());
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> delays(0, kLongestDelayMicroseconds);
    const v1::QueryRequest requests[] = {
        MakeQuery("SELECT pg_sleep(0.002)"),
        MakeQuery("SELECT sum(i) FROM generate_series(1, 20000) i"),
        MakeQuery("SELECT pg_sleep(0.02), $1::text", {Text("cancel me")}),
    };
    while (cancelled < Wanted() && absl::Now() < deadline) {
      const grpc::StatusCode code =
          CallAndCancel(own, requests[random() % 3], absl::Microseconds(delays(random)));
      if (code == grpc::StatusCode::CANCELLED) ++cancelled;
      EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::CANCELLED)
          << "code " << code << ", seed " << seed;
    }
  }

  // Asks for its own numbers until the others are done; returns how many it got.
  int64_t CheckOwnAnswers(int seed, const std::atomic<bool>& is_over) {
    GatewayClient own(gateway().port());
    int64_t number = int64_t{seed} << 32;
    int64_t answers = 0;
    for (; !is_over; ++answers) {
      const Answer answer = own.Query(
          "SELECT $1::int8, sum(i) FROM generate_series(1, 300) i", {Int(++number)});
      EXPECT_TRUE(answer.ok()) << "a neighbour was hurt: " << answer.failure;
      EXPECT_EQ(answer.at(0, 0).int64(), number) << "somebody else's answer";
      EXPECT_EQ(answer.at(0, 1).int64(), 45150);
      if (HasFailure()) break;
    }
    return answers;
  }
};

TEST_F(CancelRaceTest, NoNeighbourIsHurtByThousandsOfCancels) {
  StartGateway({"pools.primary.max_size=2", "pools.primary.acquire_timeout=30s"});
  std::atomic<int> cancelled = 0;
  std::atomic<bool> is_over = false;
  std::atomic<int64_t> answers = 0;
  const absl::Time deadline = absl::Now() + (IsLong() ? kLimitLong : kLimit);
  std::vector<std::thread> neighbours;
  for (int i = 1; i <= kNeighbours; ++i) {
    neighbours.emplace_back([&, i] { answers += CheckOwnAnswers(i, is_over); });
  }
  std::vector<std::thread> cancellers;
  for (int i = 1; i <= kCancellers; ++i) {
    cancellers.emplace_back([&, i] { Cancel(i, cancelled, deadline); });
  }

  for (std::thread& canceller : cancellers) canceller.join();
  is_over = true;
  for (std::thread& neighbour : neighbours) neighbour.join();

  EXPECT_GE(cancelled, Wanted()) << "not enough cancels in time";
  EXPECT_GT(answers, 100);
  EXPECT_GT(PoolOf(client().PoolStats(), "server0").counters().cancels(),
            kCancelsOnTheServer)
      << "too few cancels reached PostgreSQL";
  EXPECT_LE(PoolOf(client().PoolStats(), "server0").open(), 2U);
  EXPECT_TRUE(gateway().HasPools("every cancelled one was followed", [](const auto& s) {
    const auto counters = PoolOf(s, "server0").counters();
    return counters.cancelled() > 0 && counters.cancelled_followed() == 0 &&
           counters.cancelled() ==
               counters.cancelled_seen_idle() + counters.cancelled_seen_gone();
  }));
  std::cout << "cancelled calls " << cancelled << ", answers of neighbours " << answers
            << ", "
            << PoolOf(client().PoolStats(), "server0").counters().ShortDebugString()
            << "\n";
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
