// Who gets a session when there are too few: statements beside long transactions, modest
// callers beside greedy ones; who cannot be served in time hears so at once; and how many
// sessions there are in all.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kCountPooled[] = R"(
  SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgsluice')";

v1::QueryRequest Tagged(std::string_view tag, std::string_view sql,
                        std::vector<v1::Value> parameters) {
  v1::QueryRequest request = MakeQuery(sql, std::move(parameters));
  request.mutable_options()->set_tag(std::string(tag));
  return request;
}

class FairnessTest : public LiveTest {
 protected:
  ::testing::AssertionResult HasWaiters(uint32_t count) {
    return gateway().HasPools(absl::StrCat(count, " wait"), [&](const auto& stats) {
      return PoolOf(stats, "server0").waiters() == count;
    });
  }
  ::testing::AssertionResult HasMaxSize(uint32_t size) {
    return gateway().HasPools(absl::StrCat("max_size is ", size), [&](const auto& stats) {
      return PoolOf(stats, "server0").max_size() == size;
    });
  }
  // Sessions of the pools, as the servers see it.
  static int CountPooled() {
    int sum = 0;
    for (size_t i = 0; i < cluster().size(); ++i) {
      int count = 0;
      EXPECT_TRUE(absl::SimpleAtoi(cluster().Sql(i, kCountPooled), &count));
      sum += count;
    }
    return sum;
  }
};

TEST_F(FairnessTest, TransactionsDoNotStarveStatements) {
  constexpr int kTransactions = 8;
  StartGateway({"pools.primary.max_size=4", "pools.primary.transaction_share=0.5",
                "pools.primary.acquire_timeout=20s"});
  std::vector<std::unique_ptr<TransactionStream>> transactions;
  for (int i = 0; i < kTransactions; ++i) {
    transactions.push_back(std::make_unique<TransactionStream>(client()));
    v1::TransactionRequest begin;
    begin.mutable_begin();
    ASSERT_TRUE(transactions.back()->Send(begin));
  }
  // Both: on the way there six wait for a moment, too.
  ASSERT_TRUE(
      gateway().HasPools("two hold sessions, the others wait", [](const auto& stats) {
        const auto pool = PoolOf(stats, "server0");
        return pool.transactions() == 2 && pool.waiters() == kTransactions - 2;
      }));

  for (int i = 0; i < 20; ++i) {
    const absl::Time start = absl::Now();
    const Answer answer = client().Query("SELECT 1");
    EXPECT_TRUE(answer.ok()) << answer.failure;
    EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  }

  // Every transaction gets its turn once others end.
  std::vector<std::thread> callers;
  for (const auto& transaction : transactions) {
    callers.emplace_back([&transaction] {
      EXPECT_TRUE(transaction->Receive().value_or(v1::TransactionResponse()).has_begun());
      EXPECT_TRUE(transaction->Rollback().has_rolled_back());
      EXPECT_EQ(transaction->Finish().code, grpc::StatusCode::OK);
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST_F(FairnessTest, WhoCannotBeServedInTimeHearsSoAtOnce) {
  constexpr uint32_t kQueued = 6;
  StartGateway({"pools.primary.max_size=1", "pools.primary.refuse_doomed=ON",
                "pools.primary.acquire_timeout=20s"});
  // What the pool learns how long leases last from.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client().Query("SELECT pg_sleep(0.4)").ok());
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  std::vector<std::thread> queued;
  for (uint32_t i = 0; i < kQueued; ++i) {
    queued.emplace_back([&] { EXPECT_TRUE(client().Query("SELECT 1").ok()); });
  }
  ASSERT_TRUE(HasWaiters(kQueued));

  // It would wait for some 2.8 s.
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(2));
  v1::QueryResponse response;
  const absl::Time start = absl::Now();
  const grpc::Status status =
      client().stub().Query(&context, MakeQuery("SELECT 1"), &response);
  const absl::Duration taken = absl::Now() - start;
  // One with time enough waits.
  queued.emplace_back([&] { EXPECT_TRUE(client().Query("SELECT 1").ok()); });
  EXPECT_TRUE(HasWaiters(kQueued + 1));
  holder.Rollback();
  holder.Finish();
  for (std::thread& caller : queued) caller.join();

  const Failure refused = Explain(status);
  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << refused;
  EXPECT_EQ(refused.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_TRUE(refused.retry_delay.has_value());
  int64_t pushback_ms = -1;
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto pushback = trailers.find("grpc-retry-pushback-ms");
  ASSERT_NE(pushback, trailers.end());
  EXPECT_TRUE(absl::SimpleAtoi(
      absl::string_view(pushback->second.data(), pushback->second.size()), &pushback_ms));
  EXPECT_GT(pushback_ms, 0);
  // 10 ms, on a machine that does nothing else.
  EXPECT_LT(taken, absl::Seconds(1));
  EXPECT_EQ(PoolOf(client().PoolStats(), "server0").counters().doomed_refused(), 1U);
  std::cerr << "refused after " << taken << ", to try again in " << pushback_ms
            << " ms\n";
}

TEST_F(FairnessTest, AModestCallerGetsThroughBesideAGreedyOne) {
  constexpr int kGreedy = 20;
  StartGateway({"pools.primary.max_size=1", "pools.fair_by=TAG"});
  cluster().Sql(0, "DROP TABLE IF EXISTS arrival");
  cluster().Sql(0, "CREATE TABLE arrival (place serial, who text)");
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  std::vector<std::thread> callers;
  const auto call = [&](const std::string& who) {
    callers.emplace_back([&, who] {
      const Answer answer = client().Query(
          Tagged(who, "INSERT INTO arrival (who) VALUES ($1)", {Text(who)}));
      EXPECT_TRUE(answer.ok()) << answer.failure;
    });
    EXPECT_TRUE(HasWaiters(static_cast<uint32_t>(callers.size())));
  };
  for (int i = 0; i < kGreedy; ++i) call("greedy");
  call("modest");
  call("modest");

  holder.Rollback();
  holder.Finish();
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(cluster().Sql(0,
                          "SELECT count(*) FROM arrival WHERE who = 'greedy' AND place < "
                          "(SELECT max(place) FROM arrival WHERE who = 'modest')"),
            "2")
      << "they did not take turns";
  cluster().Sql(0, "DROP TABLE arrival");
}

TEST_F(FairnessTest, ACallerOfHigherWeightGetsMoreTurns) {
  constexpr int kEach = 12;
  StartGateway({"pools.primary.max_size=1", "pools.fair_by=TAG",
                "pools.fair_weights[0].caller=checkout",
                "pools.fair_weights[0].weight=3"});
  cluster().Sql(0, "DROP TABLE IF EXISTS arrival");
  cluster().Sql(0, "CREATE TABLE arrival (place serial, who text)");
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  std::vector<std::thread> callers;
  for (int i = 0; i < kEach; ++i) {
    for (const char* who : {"report", "checkout"}) {
      callers.emplace_back([&, who] {
        const Answer answer = client().Query(
            Tagged(who, "INSERT INTO arrival (who) VALUES ($1)", {Text(who)}));
        EXPECT_TRUE(answer.ok()) << answer.failure;
      });
      EXPECT_TRUE(HasWaiters(static_cast<uint32_t>(callers.size())));
    }
  }

  holder.Rollback();
  holder.Finish();
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(cluster().Sql(0,
                          "SELECT count(*) FROM (SELECT who FROM arrival ORDER BY place "
                          "LIMIT 12) AS first WHERE who = 'checkout'"),
            "9");
  cluster().Sql(0, "DROP TABLE arrival");
}

TEST_F(FairnessTest, AllPoolsTogetherStayBelowTheirCommonMaximum) {
  constexpr uint32_t kTotal = 5;
  StartGateway({"pools.primary.max_size=10", "pools.replica.max_size=10",
                absl::StrCat("pools.max_sessions_total=", kTotal),
                "pools.primary.connect_rate=0", "pools.replica.connect_rate=0"});
  std::vector<std::thread> callers;
  for (int c = 0; c < 16; ++c) {
    callers.emplace_back([&, c] {
      for (int i = 0; i < 30; ++i) {
        const Answer answer = c % 2 == 0 ? client().Query("SELECT pg_sleep(0.005)")
                                         : client().Read("SELECT pg_sleep(0.005)");
        EXPECT_TRUE(answer.ok()) << answer.failure;
      }
    });
  }

  uint32_t most = 0;
  int most_backends = 0;
  for (int i = 0; i < 40; ++i) {
    uint32_t sum = 0;
    const v1::PoolStatsResponse stats = client().PoolStats();
    for (const v1::EndpointPoolStats& pool : stats.pools()) {
      sum += pool.open() + pool.connecting();
    }
    most = std::max(most, sum);
    most_backends = std::max(most_backends, CountPooled());
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(most, kTotal);
  EXPECT_LE(most_backends, static_cast<int>(kTotal));
}

TEST_F(FairnessTest, TheShareOfTheFleetIsReadAnewWhileItRuns) {
  const std::string path = cluster().temp_path() + "/fleet_size";
  const auto write = [&](std::string_view text) {
    std::ofstream(path + ".new") << text;
    ASSERT_EQ(rename((path + ".new").c_str(), path.c_str()), 0);
  };
  write("1\n");
  StartGateway({"pools.primary.max_size=8", "pools.primary.min_size=8",
                "pools.primary.connect_rate=0",
                absl::StrCat("pools.fleet_size_file=", path)});
  ASSERT_TRUE(HasMaxSize(8));
  ASSERT_TRUE(gateway().HasPools("all are open", [](const auto& stats) {
    return PoolOf(stats, "server0").open() == 8;
  }));

  write("4\n");
  EXPECT_TRUE(HasMaxSize(2));
  EXPECT_TRUE(gateway().HasPools("six are closed", [](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    return pool.open() == 2 && pool.counters().closed().contains("excess") &&
           pool.counters().closed().at("excess") == 6;
  }));
  EXPECT_TRUE(client().Query("SELECT 1").ok());

  write("nonsense\n");
  write("2\n");
  EXPECT_TRUE(HasMaxSize(4));
  EXPECT_TRUE(gateway().HasPools("four are open", [](const auto& stats) {
    return PoolOf(stats, "server0").open() == 4;
  }));
}

}  // namespace
}  // namespace pgsluice::testing
