// The primary is lost for good under load, and its synchronous replica promoted: whatever
// was told of a write must be so on the new primary.
#include <atomic>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/fault/ledger_writes.h"
#include "tests/fault/slow_commits.h"
#include "tests/testing/live_test.h"
#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {
namespace {

constexpr int kWriters = 8;
constexpr size_t kSome = 300;

struct Ledger {
  std::mutex mutex;
  std::set<std::string> committed;
  std::set<std::string> denied;
  size_t unknown = 0;
  size_t resolved = 0;

  size_t Committed() {
    const std::lock_guard lock(mutex);
    return committed.size();
  }
};

class CommitFailoverTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "CREATE TABLE ledger (name text PRIMARY KEY)");
    for (const char* sql : kSlowCommits) cluster().Sql(0, sql);
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    cluster().Sql(0, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    cluster().Sql(0, "SELECT pg_reload_conf()");
  }

  void Write(Ledger& ledger, int writer, const std::atomic<bool>& is_over) {
    for (int i = 0; !is_over; ++i) {
      const std::string name = absl::StrCat("w", writer, "-", i);
      const Told told = WriteInTurns(client(), i, name);
      EXPECT_EQ(told.is_committed, told.status.ok()) << told.failure;
      const auto outcome = told.failure.verdict.outcome();
      const std::lock_guard lock(ledger.mutex);
      ledger.resolved += told.committed.resolved() ? 1 : 0;
      if (told.is_committed) {
        ledger.committed.insert(name);
      } else if (outcome == v1::OUTCOME_NOT_STARTED ||
                 outcome == v1::OUTCOME_ROLLED_BACK) {
        ledger.denied.insert(name);
      } else {
        ++ledger.unknown;
      }
    }
  }
  static std::set<std::string> Written(size_t server) {
    std::set<std::string> names;
    const auto rows = cluster().TrySql(server, "SELECT name FROM ledger");
    EXPECT_TRUE(rows.ok()) << rows.status();
    if (!rows.ok()) return names;
    for (const SqlRow& row : *rows) names.insert(row.front().value_or(""));
    return names;
  }
};

TEST_F(CommitFailoverTest, WhatWasToldIsSoOnTheNewPrimary) {
  StartGateway({"probe.interval=100ms", "probe.timeout=500ms"});
  Ledger ledger;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] { Write(ledger, w, is_over); });
  }
  EXPECT_TRUE(WaitFor("some are written", [&] { return ledger.Committed() > kSome; }));

  // However busy the machine is: one COMMIT at least is under way.
  auto holder = SqlConnection::Open(cluster().server(0).local_conninfo());
  ASSERT_TRUE(holder.ok()) << holder.status();
  EXPECT_TRUE(holder->Run("SELECT pg_advisory_lock(99)").ok());
  Told slow;
  std::thread slow_writer([&] { slow = WriteByTransaction(client(), "slow"); });
  EXPECT_TRUE(WaitFor("its COMMIT waits", [] {
    return cluster().Sql(0,
                         "SELECT count(*) FROM pg_locks "
                         "WHERE locktype = 'advisory' AND NOT granted") == "1";
  }));

  EXPECT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
  EXPECT_TRUE(cluster().Promote(1).ok());
  EXPECT_TRUE(SeesRole(1, v1::ROLE_PRIMARY));
  const size_t before = ledger.Committed();
  EXPECT_TRUE(WaitFor("service is restored",
                      [&] { return ledger.Committed() > before + kSome; }));
  is_over = true;
  for (std::thread& writer : writers) writer.join();
  slow_writer.join();

  // Back on its old timeline, it gets nothing to do.
  ASSERT_TRUE(cluster().server(0).Start().ok());
  const std::set<std::string> written = Written(1);
  for (const std::string& name : ledger.committed) {
    EXPECT_TRUE(written.contains(name)) << name << " was told committed";
  }
  for (const std::string& name : ledger.denied) {
    EXPECT_FALSE(written.contains(name)) << name << " was told not to be";
  }
  EXPECT_FALSE(slow.is_committed);
  EXPECT_NE(slow.failure.verdict.outcome(), v1::OUTCOME_UNSPECIFIED) << slow.failure;
  EXPECT_FALSE(written.contains("slow"));
  std::cerr << ledger.committed.size() << " committed (" << ledger.resolved
            << " transactions found so afterwards), " << ledger.denied.size()
            << " denied, " << ledger.unknown << " unknown\n";
}

}  // namespace
}  // namespace pgsluice::testing
