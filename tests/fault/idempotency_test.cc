// Writes with idempotency keys while answers are lost, PostgreSQL crashes and gateways
// are killed: sent until answered, each takes effect once, and every repeat gets its
// answer.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "pgsluice/client.h"
#include "tests/fault/fault_test.h"
#include "tests/fault/slow_commits.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

constexpr char kInsert[] = "INSERT INTO ledger (name) VALUES ($1) RETURNING id";

class IdempotencyFaultTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0});
    if (HasFatalFailure()) return;
    cluster().Sql(0, "CREATE TABLE ledger (id bigserial PRIMARY KEY, name text)");
    for (const char* sql : kSlowCommits) cluster().Sql(0, sql);
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "TRUNCATE ledger");
    cluster().Sql(0, "DROP SCHEMA IF EXISTS pgsluice CASCADE");
  }
  static std::string Count(const std::string& name) {
    return cluster().Sql(0, "SELECT count(*) FROM ledger WHERE name = $1", {name});
  }

  // Open until the end of TearDown, where the gateway still needs it.
  std::optional<TcpGate> gate_;
};

TEST_F(IdempotencyFaultTest, WithoutAnAnswerTheSameKeyFindsOut) {
  TcpGate& gate = gate_.emplace(cluster().server(0).port());
  GatewaySettings settings;
  settings.conninfos = {absl::StrCat("host=127.0.0.1 port=", gate.port(),
                                     " user=postgres dbname=postgres")};
  settings.set = {"idempotency.enabled=true", "probe.timeout=500ms",
                  "limits.cancel_budget=300ms", "limits.resolve_commits=false"};
  StartGateway(settings);
  ASSERT_TRUE(gateway().IsReady());
  v1::QueryRequest request = MakeQuery(kInsert, {Text("slow")});
  request.mutable_options()->set_idempotency_key("k");

  auto holder = SqlConnection::Open(cluster().server(0).local_conninfo());
  ASSERT_TRUE(holder.ok()) << holder.status();
  ASSERT_TRUE(holder->Run("SELECT pg_advisory_lock(99)").ok());
  Answer lost;
  std::thread caller([&] { lost = client().Query(request); });
  EXPECT_TRUE(WaitFor("its COMMIT waits", [] {
    return cluster().Sql(0,
                         "SELECT count(*) FROM pg_locks "
                         "WHERE locktype = 'advisory' AND NOT granted") == "1";
  }));
  // Nobody tells the server that its client is gone: the transaction stays open.
  gate.SetMode(TcpGate::Mode::kBlackHole);
  gate.CutAll();
  caller.join();
  gate.SetMode(TcpGate::Mode::kPass);

  EXPECT_EQ(lost.failure.code, grpc::StatusCode::UNKNOWN) << lost.failure;
  EXPECT_EQ(lost.failure.reason, "OUTCOME_UNKNOWN");
  EXPECT_EQ(lost.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_EQ(lost.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  EXPECT_TRUE(lost.failure.verdict.same_key_is_safe());
  EXPECT_THAT(lost.failure.message, ::testing::HasSubstr("same idempotency_key"));
  EXPECT_EQ(Count("slow"), "0");

  // The repeat finds the lost transaction at its COMMIT, and waits for it.
  Answer repeat;
  std::thread repeater([&] { repeat = client().Query(request); });
  EXPECT_TRUE(WaitFor("the repeat waits, too", [] {
    return cluster().Sql(0, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "2";
  }));
  ASSERT_TRUE(holder->Run("SELECT pg_advisory_unlock(99)").ok());
  repeater.join();
  ASSERT_TRUE(repeat.ok()) << repeat.failure;
  EXPECT_TRUE(repeat.response.replayed());
  EXPECT_EQ(Count("slow"), "1");
}

// The gateways and the client of a ledger run.
class Ledger final {
 public:
  Ledger(const std::string& conninfo, const std::string& temp_path) {
    for (size_t i = 0; i < kGateways; ++i) {
      GatewaySettings settings;
      settings.conninfos = {conninfo};
      settings.set = {"idempotency.enabled=true", "probe.timeout=500ms",
                      "limits.cancel_budget=300ms"};
      settings.temp_path = temp_path;
      Start(settings);
      client::ClientOptions options;
      options.when_unreachable = client::WhenUnreachable::kFailFast;
      options.health_watch = client::HealthWatch::kOff;
      options.max_reconnect_delay = absl::Milliseconds(50);
      clients_.push_back(client::Client::Connect(
          absl::StrCat("127.0.0.1:", gateways_.back()->port()), options));
    }
  }
  // kill -9, and another one in its place.
  void Replace(size_t i) {
    gateways_[i]->Kill();
    Start(settings_[i], i);
  }
  Gateway& gateway(size_t i) { return *gateways_[i]; }

  struct Written {
    int64_t id = 0;
    bool is_replayed = false;
    int sent = 0;
  };
  // Sends it, to any gateway, until there is an answer.
  Written Write(const std::string& name, std::minstd_rand& random,
                const std::atomic<bool>& gives_up) {
    client::QueryOptions options;
    options.idempotency_key = name;
    options.timeout = absl::Seconds(2);
    Written written;
    while (!gives_up) {
      const client::Client& client = clients_[random() % kGateways];
      const auto result = client.Query(kInsert, {client::Parameter(name)}, options);
      ++written.sent;
      if (result.ok()) {
        written.id = (*result)[0].Get<int64_t>(0).value_or(0);
        written.is_replayed = result->replayed();
        return written;
      }
      Note(result.status());
      absl::SleepFor(absl::Milliseconds(random() % 20));
    }
    return written;
  }
  std::string Reasons() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [reason, count] : reasons_) {
      absl::StrAppend(&text, ", ", reason, " ", count);
    }
    return text;
  }

  static constexpr size_t kGateways = 2;

 private:
  void Start(GatewaySettings settings, size_t i = SIZE_MAX) {
    auto started = Gateway::Start(settings);
    ASSERT_TRUE(started.ok()) << started.status();
    if (i == SIZE_MAX) {
      settings.port = (*started)->port();
      settings_.push_back(settings);
      gateways_.push_back(*std::move(started));
    } else {
      gateways_[i] = *std::move(started);
    }
  }
  // Whatever it was, the same key is safe.
  void Note(const absl::Status& failure) {
    const client::Error error(failure);
    const bool may_be_repeated =
        error.same_key_is_safe() || error.outcome() == v1::OUTCOME_NOT_STARTED;
    EXPECT_TRUE(may_be_repeated) << failure;
    const std::lock_guard lock(mutex_);
    ++reasons_[error.reason().empty() ? absl::StatusCodeToString(failure.code())
                                      : error.reason()];
  }

  std::vector<GatewaySettings> settings_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
  std::vector<client::Client> clients_;
  std::mutex mutex_;
  std::map<std::string, int> reasons_;
};

// PGSLUICE_TEST_LONG=1: ten thousand writes and more.
TEST_F(IdempotencyFaultTest, ALedgerThroughCrashesHasEachWriteOnce) {
  constexpr int kWriters = 8;
  const bool is_long = std::getenv("PGSLUICE_TEST_LONG") != nullptr;
  const int faults = is_long ? 60 : 6;
  Ledger ledger(cluster().server(0).conninfo(), cluster().temp_path());
  for (size_t i = 0; i < Ledger::kGateways; ++i) {
    ASSERT_TRUE(ledger.gateway(i).IsReady());
  }
  std::atomic<bool> is_over = false;
  std::atomic<bool> gives_up = false;
  std::mutex mutex;
  std::vector<std::pair<std::string, int64_t>> written;
  int sent_again = 0;
  int found = 0;  // Replayed when sent for the first time that was answered.
  int repeated = 0;
  const auto repeat = [&](size_t i, std::minstd_rand& random) {
    std::pair<std::string, int64_t> entry;
    {
      const std::lock_guard lock(mutex);
      entry = written[i];
      ++repeated;
    }
    const Ledger::Written again = ledger.Write(entry.first, random, gives_up);
    if (gives_up) return;
    EXPECT_TRUE(again.is_replayed) << entry.first;
    EXPECT_EQ(again.id, entry.second) << entry.first;
  };
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      std::minstd_rand random(std::random_device{}());
      for (int i = 0; !is_over; ++i) {
        const std::string name = absl::StrCat("w", w, "-", i);
        const Ledger::Written now = ledger.Write(name, random, gives_up);
        size_t count = 0;
        {
          const std::lock_guard lock(mutex);
          written.emplace_back(name, now.id);
          sent_again += now.sent > 1 ? 1 : 0;
          found += now.is_replayed ? 1 : 0;
          count = written.size();
        }
        if (random() % 4 == 0) repeat(random() % count, random);
      }
    });
  }
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return written.size();
  };
  std::minstd_rand random(std::random_device{}());
  for (int i = 0; i < faults; ++i) {
    const size_t before = count();
    const size_t some = is_long ? 170 + random() % 50 : 20 + random() % 50;
    EXPECT_TRUE(WaitFor("some are written", [&] { return count() > before + some; }))
        << ledger.Reasons();
    if (i % 2 == 0) {
      ASSERT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
      ASSERT_TRUE(cluster().server(0).Start().ok());
    } else {
      ledger.Replace(random() % Ledger::kGateways);
    }
  }
  is_over = true;
  for (std::thread& writer : writers) writer.join();
  const int during = repeated;
  for (size_t i = 0; i < written.size() && !HasFailure(); ++i) repeat(i, random);

  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"),
            absl::StrCat(written.size()));
  EXPECT_EQ(cluster().Sql(0, "SELECT count(DISTINCT name) FROM ledger"),
            absl::StrCat(written.size()));
  for (const auto& [name, id] : written) {
    EXPECT_EQ(
        cluster().Sql(0, "SELECT name FROM ledger WHERE id = $1", {absl::StrCat(id)}),
        name);
  }
  std::cerr << faults << " crashes and kills, " << written.size() << " writes, "
            << sent_again << " of them sent more than once (" << found
            << " had taken effect already), " << during << " repeated meanwhile, "
            << repeated - during << " at the end" << ledger.Reasons() << "\n";
}

}  // namespace
}  // namespace pgsluice::testing
