// More callers than sessions: they wait in order, boundedly, and what is over is
// refused at once with a word on when to try again.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

class PoolExhaustionTest : public FaultTest {
 protected:
  ::testing::AssertionResult HasWaiters(uint32_t count) {
    return gateway().HasPools(absl::StrCat(count, " wait"), [&](const auto& stats) {
      return PoolOf(stats, "server0").waiters() == count;
    });
  }
};

TEST_F(PoolExhaustionTest, WhatIsOverTheQueuesCapIsRefusedAtOnce) {
  StartGateway({"pools.primary.max_size=2", "pools.primary.max_waiters=3"});
  TransactionStream first(client());
  TransactionStream second(client());
  ASSERT_TRUE(first.Begin().has_begun());
  ASSERT_TRUE(second.Begin().has_begun());
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] { EXPECT_TRUE(client().Query("SELECT 1").ok()); });
  }
  ASSERT_TRUE(HasWaiters(3));

  const Failure refused = client().Query("SELECT 1").failure;
  first.Rollback();
  second.Rollback();
  for (std::thread& waiter : waiters) waiter.join();
  first.Finish();
  second.Finish();

  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << refused;
  EXPECT_EQ(refused.reason, "QUEUE_FULL");
  EXPECT_EQ(refused.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_TRUE(refused.retry_delay.has_value());
  EXPECT_EQ(PoolOf(client().PoolStats(), "server0").counters().queue_full(), 1U);
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(PoolExhaustionTest, AWaitBeyondTheAcquireTimeoutIsRefused) {
  StartGateway({"pools.primary.max_size=1", "pools.primary.acquire_timeout=200ms"});
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());

  const Failure refused = client().Query("SELECT 1").failure;
  holder.Rollback();
  holder.Finish();

  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << refused;
  EXPECT_EQ(refused.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_TRUE(refused.retry_delay.has_value());
  EXPECT_EQ(PoolOf(client().PoolStats(), "server0").counters().acquire_timeouts(), 1U);
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(PoolExhaustionTest, WaitersAreServedInOrderOfArrival) {
  constexpr int kWaiters = 8;
  StartGateway({"pools.primary.max_size=1"});
  cluster().Sql(0, "CREATE TABLE arrival (place serial, who int)");
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  std::vector<std::thread> waiters;
  for (int i = 0; i < kWaiters; ++i) {
    waiters.emplace_back([&, i] {
      EXPECT_TRUE(client().Query("INSERT INTO arrival (who) VALUES ($1)", {Int(i)}).ok());
    });
    ASSERT_TRUE(HasWaiters(static_cast<uint32_t>(i) + 1));
  }

  holder.Rollback();
  holder.Finish();
  for (std::thread& waiter : waiters) waiter.join();

  EXPECT_EQ(
      cluster().Sql(0, "SELECT string_agg(who::text, ',' ORDER BY place) FROM arrival"),
      "0,1,2,3,4,5,6,7");
  cluster().Sql(0, "DROP TABLE arrival");
}

TEST_F(PoolExhaustionTest, AWaiterThatLeavesIsForgotten) {
  StartGateway({"pools.primary.max_size=1"});
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  std::thread waiter([&] {
    v1::QueryResponse response;
    EXPECT_EQ(
        client().stub().Query(&context, MakeQuery("SELECT 1"), &response).error_code(),
        grpc::StatusCode::CANCELLED);
  });
  ASSERT_TRUE(HasWaiters(1));

  context.TryCancel();
  waiter.join();

  EXPECT_TRUE(HasWaiters(0));
  holder.Rollback();
  holder.Finish();
  EXPECT_EQ(PoolOf(client().PoolStats(), "server0").counters().acquire_cancelled(), 1U);
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(PoolExhaustionTest, SessionsNeverExceedTheMaximum) {
  StartGateway({"pools.primary.max_size=4"});
  std::vector<std::thread> callers;
  for (int c = 0; c < 16; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(client().Query("SELECT pg_sleep(0.002)").ok());
      }
    });
  }

  int most = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string count = cluster().Sql(0,
                                            "SELECT count(*) FROM pg_stat_activity "
                                            "WHERE application_name = 'pgsluice'");
    most = std::max(most, std::stoi(count));
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_LE(most, 4);
  EXPECT_GE(most, 2);
}

TEST_F(PoolExhaustionTest, CallsOverTheAdmissionLimitAreRefused) {
  StartGateway({"limits.max_transactions=2"});
  TransactionStream first(client());
  TransactionStream second(client());
  ASSERT_TRUE(first.Begin().has_begun());
  ASSERT_TRUE(second.Begin().has_begun());

  // A stream counts from its opening, before it has begun.
  TransactionStream third(client());
  EXPECT_FALSE(third.Begin().has_begun());
  EXPECT_EQ(third.Finish().code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(client().Query("SELECT 1").ok());
  first.Rollback();
  first.Finish();
  second.Rollback();
  second.Finish();
  EXPECT_TRUE(WaitFor("there is room again", [&] {
    TransactionStream next(client());
    const bool has_begun = next.Begin().has_begun();
    next.Rollback();
    next.Finish();
    return has_begun;
  }));
}

}  // namespace
}  // namespace pgsluice::testing
