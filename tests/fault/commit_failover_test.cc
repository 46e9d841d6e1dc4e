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

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr int kWriters = 8;
constexpr size_t kSome = 300;
constexpr char kInsert[] = "INSERT INTO ledger VALUES ($1)";

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
    // A COMMIT takes its time, so that the loss meets it.
    for (const char* sql :
         {"CREATE TABLE ledger (name text PRIMARY KEY)",
          "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
          "$$ BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END $$",
          "CREATE CONSTRAINT TRIGGER dawdle_at_commit AFTER INSERT ON ledger DEFERRABLE "
          "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()"}) {
      cluster().Sql(0, sql);
    }
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    cluster().Sql(0, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    cluster().Sql(0, "SELECT pg_reload_conf()");
  }

  grpc::Status WriteByTransaction(const std::string& name, bool& is_resolved) {
    v1::TransactionRequest request = MakeExecute(kInsert, {Text(name)});
    request.set_seq(1);
    request.mutable_begin();
    request.set_then_commit(true);
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    const auto stream = client().stub().Transaction(&context);
    stream->Write(request);
    stream->WritesDone();
    v1::TransactionResponse response;
    bool is_committed = false;
    while (stream->Read(&response)) {
      is_committed |= response.has_committed();
      is_resolved |= response.committed().resolved();
    }
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(is_committed, status.ok()) << status.error_message();
    return status;
  }
  grpc::Status WriteByBatch(const std::string& name) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::BatchRequest request;
    *request.add_steps()->mutable_statement() = MakeStatement(kInsert, {Text(name)});
    v1::BatchResponse response;
    return client().stub().Batch(&context, request, &response);
  }
  grpc::Status WriteByQuery(const std::string& name) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::QueryRequest request;
    *request.mutable_statement() = MakeStatement(kInsert, {Text(name)});
    request.mutable_options()->set_resolve_commit(true);
    v1::QueryResponse response;
    return client().stub().Query(&context, request, &response);
  }

  void Write(Ledger& ledger, int writer, const std::atomic<bool>& is_over) {
    for (int i = 0; !is_over; ++i) {
      const std::string name = absl::StrCat(writer, "-", i);
      bool is_resolved = false;
      const grpc::Status status = i % 3 == 0   ? WriteByTransaction(name, is_resolved)
                                  : i % 3 == 1 ? WriteByBatch(name)
                                               : WriteByQuery(name);
      const auto outcome = Explain(status).verdict.outcome();
      const std::lock_guard lock(ledger.mutex);
      ledger.resolved += is_resolved ? 1 : 0;
      if (status.ok()) {
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

  EXPECT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
  EXPECT_TRUE(cluster().Promote(1).ok());
  EXPECT_TRUE(SeesRole(1, v1::ROLE_PRIMARY));
  const size_t before = ledger.Committed();
  EXPECT_TRUE(WaitFor("service is restored",
                      [&] { return ledger.Committed() > before + kSome; }));
  is_over = true;
  for (std::thread& writer : writers) writer.join();

  // Back on its old timeline, it gets nothing to do.
  ASSERT_TRUE(cluster().server(0).Start().ok());
  const std::set<std::string> written = Written(1);
  for (const std::string& name : ledger.committed) {
    EXPECT_TRUE(written.contains(name)) << name << " was told committed";
  }
  for (const std::string& name : ledger.denied) {
    EXPECT_FALSE(written.contains(name)) << name << " was told not to be";
  }
  EXPECT_GT(ledger.denied.size() + ledger.unknown + ledger.resolved, 0U)
      << "no fault was felt";
  std::cerr << ledger.committed.size() << " committed (" << ledger.resolved
            << " transactions found so afterwards), " << ledger.denied.size()
            << " denied, " << ledger.unknown << " unknown\n";
}

}  // namespace
}  // namespace pgsluice::testing
