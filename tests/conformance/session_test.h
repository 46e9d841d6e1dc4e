// Fixture of tests on one real session and a real server, without a gateway between. All
// runs on the test's thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <poll.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "asio/co_spawn.hpp"
#include "gtest/gtest.h"

#include "pool/event_loop.h"
#include "pool/pg/pg_connector.h"
#include "tests/conformance/leg_end.h"
#include "tests/testing/postgres_cluster.h"
#include "tests/testing/tcp_gate.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {

class SessionTest : public ::testing::Test {
 public:
  static void SetUpTestSuite() {
    auto cluster = PostgresCluster::Create({.replicas = 0});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  void SetUp() override {
    ASSERT_NE(cluster_, nullptr) << "no PostgreSQL";
    gate_ = std::make_unique<TcpGate>(cluster().server(0).port());
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0,
                  "CREATE TABLE ledger (a int PRIMARY KEY, b int REFERENCES ledger "
                  "DEFERRABLE INITIALLY DEFERRED)");
    session_ = Open();
    ASSERT_NE(session_, nullptr);
  }
  void TearDown() override {
    if (session_ != nullptr) session_->Close();
    // What follows statements and cancels to their end sees it then.
    gate_.reset();
    RunUntil([&] { return tally_->counts().followed() == 0; });
    while (loop_.RunReady() > 0) {
    }
  }

 protected:
  static PostgresCluster& cluster() { return *cluster_; }
  static std::string CountLedger() {
    return cluster().Sql(0, "SELECT count(*) FROM ledger");
  }
  Session& session() { return *session_; }
  TcpGate& gate() { return *gate_; }

  std::shared_ptr<Session> Open(SessionOptions options = {}) {
    options.cancel_budget = absl::Seconds(5);
    auto connector = std::make_shared<PgConnector>(PgConnectorDeps{
        .endpoint = {.name = "db",
                     .conninfo = absl::StrCat("host=127.0.0.1 port=", gate_->port(),
                                              " user=postgres dbname=postgres")},
        .role = Role::kPrimary,
        .options = std::move(options),
        .shards = {loop_.executor()},
        .cancel_tally = tally_});
    std::optional<absl::StatusOr<std::shared_ptr<Session>>> opened;
    connector->Connect(0, absl::Now() + absl::Seconds(10),
                       [&](auto result) { opened = std::move(result); });
    RunUntil([&] { return opened.has_value(); });
    EXPECT_TRUE(opened->ok()) << opened->status();
    return opened->ok() ? **opened : nullptr;
  }

  // One statement of a flight under preparation.
  Execution Leg(std::string sql, std::vector<std::string> parameters = {},
                Phase phase = Phase::kTransaction) {
    Statement& statement = statements_.emplace_back();
    statement.kind = ClassifyStatement(sql);
    statement.sql = std::move(sql);
    for (std::string& value : parameters) {
      statement.parameters.push_back({.type = 0, .is_binary = false, .value = value});
    }
    return {.statement = &statement, .phase = phase, .id = next_id_++};
  }

  template <class T>
  T Run(asio::awaitable<T> operation) {
    std::optional<T> result;
    asio::co_spawn(
        loop_.executor(), std::move(operation),
        [&](const std::exception_ptr&, T value) { result = std::move(value); });
    RunUntil([&] { return result.has_value(); });
    return *std::move(result);
  }

  absl::Status Start(std::vector<Execution> legs, FlightKind kind) {
    return Run(session_->StartFlight(legs, kind));
  }
  LegEnd Fetch(TextSink& sink) {
    LegEnd end;
    bool is_complete = false;
    while (!is_complete && end.status.ok()) {
      absl::StatusOr<Fetched> fetched = Run(session_->Fetch(sink));
      ++end.turns;
      end.status = fetched.status();
      if (!fetched.ok()) break;
      is_complete = fetched->is_complete;
      end.result = fetched->result;
    }
    end.rows = sink.rows();
    return end;
  }
  LegEnd Fetch() {
    TextSink sink;
    return Fetch(sink);
  }
  // Starts and fetches all.
  std::vector<LegEnd> Fly(std::vector<Execution> legs, FlightKind kind) {
    std::vector<LegEnd> ends;
    const absl::Status started = Start(legs, kind);
    EXPECT_TRUE(started.ok()) << started;
    for (size_t i = 0; started.ok() && i < legs.size(); ++i) ends.push_back(Fetch());
    return ends;
  }
  // A plain statement, not in a flight.
  LegEnd Plain(std::string sql, Phase phase = Phase::kAutocommit) {
    const Execution execution = Leg(std::move(sql), {}, phase);
    LegEnd end;
    end.status = Run(session_->Start(execution));
    return end.ok() ? Fetch() : end;
  }
  absl::Status CleanUp() {
    std::optional<absl::Status> done;
    session_->CleanUp(PlanCleanUp(session_->facts()),
                      [&](absl::Status status) { done = std::move(status); });
    RunUntil([&] { return done.has_value(); });
    return *done;
  }

  template <class Condition>
  void RunUntil(Condition is_done) {
    const absl::Time deadline = absl::Now() + kWaitLimit;
    while (!is_done()) {
      ASSERT_LT(absl::Now(), deadline) << "timed out";
      if (loop_.RunReady() > 0) continue;
      pollfd ready{loop_.descriptor(), POLLIN, 0};
      poll(&ready, 1, 2);
    }
  }

  EventLoop loop_;
  uint64_t next_id_ = 1;

 private:
  static inline std::unique_ptr<PostgresCluster> cluster_;

  std::unique_ptr<TcpGate> gate_;
  const std::shared_ptr<CancelTally> tally_ = std::make_shared<CancelTally>();
  std::shared_ptr<Session> session_;
  std::deque<Statement> statements_;  // Outlive their flights.
};

}  // namespace pgsluice::testing
