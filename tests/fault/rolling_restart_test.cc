// Two gateways behind one channel with round_robin, restarted in turns under load, as a
// rollout does it: not one call fails, no write is lost or done twice, nothing is left.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/testing/free_port.h"
#include "tests/testing/gateway.h"
#include "tests/testing/postgres_cluster.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr int kGateways = 2;
constexpr int kCallers = 8;
constexpr absl::Duration kPace = absl::Milliseconds(4);  // 2000 calls a second in all.
constexpr absl::Duration kDrainDelay = absl::Milliseconds(300);
constexpr absl::Duration kDrainDeadline = absl::Seconds(5);
// Calls that a gateway has to serve before the next restart: its load has come back.
constexpr uint64_t kServed = 50;

int Restarts() {
  int restarts = std::getenv("PGSLUICE_TEST_LONG") != nullptr ? 200 : 50;
  if (const char* given = std::getenv("PGSLUICE_TEST_RESTARTS"); given != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(given, &restarts)) << given;
  }
  return restarts;
}

std::string ApplicationOf(int gateway) { return absl::StrCat("gateway", gateway); }

// What the callers were told.
struct Tally {
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> writes = 0;
  std::mutex mutex;
  std::vector<std::string> failures;
  absl::Duration longest;
};

class RollingRestartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto cluster = PostgresCluster::Create({.replicas = 0});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    cluster_->Sql(0, "CREATE TABLE ledger (a int8)");
    for (int i = 0; i < kGateways; ++i) {
      ports_[i] = PickFreePort();
      StartGateway(i);
    }
    for (const auto& gateway : gateways_) ASSERT_TRUE(gateway->IsReady());
    Connect();
  }

  void StartGateway(int i) {
    GatewaySettings settings;
    settings.conninfos = {cluster_->server(0).conninfo()};
    settings.set = {
        absl::StrCat("session.application_name=", ApplicationOf(i)),
        absl::StrCat("shutdown.drain_delay=", absl::FormatDuration(kDrainDelay)),
        absl::StrCat("shutdown.drain_deadline=", absl::FormatDuration(kDrainDeadline))};
    settings.temp_path = cluster_->temp_path();
    settings.port = ports_[i];
    auto gateway = Gateway::Start(settings);
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateways_[i] = *std::move(gateway);
  }
  // As any client would, with the service config that we ship; without retries.
  void Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetServiceConfigJSON(ReadFile(PGSLUICE_SERVICE_CONFIG));
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
    stub_ = v1::GatewayService::NewStub(grpc::CreateCustomChannel(
        absl::StrCat("ipv4:127.0.0.1:", ports_[0], ",127.0.0.1:", ports_[1]),
        grpc::InsecureChannelCredentials(), arguments));
  }

  grpc::Status Call(bool is_write, int64_t number) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::QueryResponse response;
    return stub_->Query(
        &context,
        is_write ? MakeQuery("INSERT INTO ledger VALUES ($1)", {Int(number)})
                 : MakeQuery("SELECT $1::int8", {Int(number)}, v1::INTENT_READ),
        &response);
  }
  grpc::Status Transact(int64_t number) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    const auto stream = stub_->Transaction(&context);
    v1::TransactionRequest begin;
    begin.set_seq(1);
    begin.mutable_begin();
    v1::TransactionRequest insert;
    insert.set_seq(2);
    *insert.mutable_execute()->mutable_statement() =
        MakeStatement("INSERT INTO ledger VALUES ($1)", {Int(number)});
    v1::TransactionRequest commit;
    commit.set_seq(3);
    commit.mutable_commit();
    bool is_committed = false;
    v1::TransactionResponse response;
    for (const auto& request : {begin, insert, commit}) {
      if (!stream->Write(request) || !stream->Read(&response)) break;
      // Said in between to who has a transaction open, who may still end it.
      if (response.has_draining() && !stream->Read(&response)) break;
      is_committed = response.has_committed();
    }
    stream->WritesDone();
    while (stream->Read(&response)) {
    }
    const grpc::Status status = stream->Finish();
    if (!status.ok() || is_committed) return status;
    return {grpc::StatusCode::INTERNAL, "ended well without COMMIT"};
  }

  // Makes calls at a constant rate, whatever becomes of them.
  void Load(int caller) {
    absl::Time next = absl::Now() + kPace * caller / kCallers;
    for (int64_t i = 0; !is_over_; ++i, next += kPace) {
      absl::SleepFor(next - absl::Now());  // The pace.
      const int64_t number = i * kCallers + caller;
      const bool is_transaction = caller == 0;
      const bool is_write = is_transaction || i % 2 == 0;
      const absl::Time start = absl::Now();
      const grpc::Status status =
          is_transaction ? Transact(number) : Call(is_write, number);
      const absl::Duration taken = absl::Now() - start;
      ++tally_.calls;
      if (is_write && status.ok()) ++tally_.writes;
      const std::lock_guard lock(tally_.mutex);
      tally_.longest = std::max(tally_.longest, taken);
      if (status.ok()) continue;
      tally_.failures.push_back(absl::StrCat(is_transaction ? "transaction" : "query",
                                             " after ", absl::FormatDuration(taken), ": ",
                                             ::testing::PrintToString(Explain(status))));
    }
  }
  ::testing::AssertionResult Serves(int i) {
    return gateways_[i]->HasPools("the load has come back", [](const auto& stats) {
      return PoolOf(stats, "server0").counters().acquired() >= kServed;
    });
  }
  // Returns how long it took to end.
  absl::Duration Restart(int i) {
    const absl::Time start = absl::Now();
    const auto exit_status = gateways_[i]->Stop();
    const absl::Duration taken = absl::Now() - start;
    EXPECT_EQ(exit_status.value_or(-1), 0) << exit_status.status() << gateways_[i]->Log();
    EXPECT_TRUE(WaitFor("it has left no backend", [&] {
      return cluster_->Sql(0,
                           "SELECT count(*) FROM pg_stat_activity "
                           "WHERE starts_with(application_name, $1)",
                           {ApplicationOf(i)}) == "0";
    }));
    StartGateway(i);
    EXPECT_TRUE(gateways_[i]->IsReady());
    return taken;
  }

  std::unique_ptr<PostgresCluster> cluster_;
  std::array<int, kGateways> ports_{};
  std::array<std::unique_ptr<Gateway>, kGateways> gateways_;
  std::unique_ptr<v1::GatewayService::Stub> stub_;
  std::atomic<bool> is_over_ = false;
  Tally tally_;
};

TEST_F(RollingRestartTest, NotOneCallFails) {
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) callers.emplace_back([&, c] { Load(c); });

  absl::Duration longest_exit;
  const absl::Time start = absl::Now();
  const int restarts = Restarts();
  for (int i = 0; i < restarts; ++i) {
    for (int g = 0; g < kGateways; ++g) EXPECT_TRUE(Serves(g));
    longest_exit = std::max(longest_exit, Restart(i % kGateways));
  }
  for (int g = 0; g < kGateways; ++g) EXPECT_TRUE(Serves(g));
  const absl::Duration taken = absl::Now() - start;
  is_over_ = true;
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(tally_.failures.size(), 0U);
  for (size_t i = 0; i < tally_.failures.size() && i < 20; ++i) {
    ADD_FAILURE() << tally_.failures[i];
  }
  EXPECT_LT(longest_exit, kDrainDelay + kDrainDeadline + absl::Seconds(1));
  EXPECT_EQ(cluster_->Sql(0, "SELECT count(*) FROM ledger"),
            absl::StrCat(tally_.writes.load()));
  EXPECT_EQ(cluster_->Sql(0, "SELECT count(DISTINCT a) FROM ledger"),
            absl::StrCat(tally_.writes.load()));
  for (const auto& gateway : gateways_) {
    EXPECT_TRUE(gateway->IsQuiet());
    EXPECT_EQ(gateway->Stop().value_or(-1), 0) << gateway->Log();
  }
  EXPECT_TRUE(
      WaitFor("no backend is left", [&] { return cluster_->CountBackends(0) == 0; }));
  std::cerr << restarts << " restarts, " << tally_.calls << " calls at "
            << tally_.calls / absl::ToDoubleSeconds(taken) << "/s, longest call "
            << tally_.longest << ", longest exit " << longest_exit << "\n";
}

}  // namespace
}  // namespace pgsluice::testing
