// The session is lost while COMMIT is under way: the gateway finds out what became of it,
// or says that it does not know and how to ask.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"

#include "pgsluice/v1/transaction_outcome.pb.h"
#include "tests/fault/fault_test.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

// COMMIT of a row whose name begins with "slow" waits for advisory lock 99.
constexpr const char* kFixtures[] = {
    "CREATE TABLE ledger (name text PRIMARY KEY)",
    "CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_advisory_xact_lock(99); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON ledger DEFERRABLE "
    "INITIALLY "
    "DEFERRED FOR EACH ROW WHEN (new.name LIKE 'slow%') EXECUTE FUNCTION "
    "wait_at_commit()",
    // That of the ledger's writers takes its time, so that crashes meet it.
    "CREATE FUNCTION dawdle_at_commit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER dawdle_at_commit AFTER INSERT ON ledger DEFERRABLE "
    "INITIALLY DEFERRED FOR EACH ROW WHEN (new.name LIKE 'w%') EXECUTE FUNCTION "
    "dawdle_at_commit()",
};
constexpr char kInsert[] = "INSERT INTO ledger VALUES ($1)";

v1::TransactionRequest OneShot(const std::string& name) {
  v1::TransactionRequest request = MakeExecute(kInsert, {Text(name)});
  request.set_seq(1);
  request.mutable_begin();
  request.set_then_commit(true);
  return request;
}

std::optional<v1::TransactionReference> ReferenceIn(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  v1::TransactionReference reference;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&reference)) return reference;
  }
  return std::nullopt;
}

// What a caller was told of one write.
struct Told {
  grpc::Status status;
  Failure failure;
  v1::Committed committed;
  bool is_committed = false;
};

class CommitInDoubtTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0});
    if (HasFatalFailure()) return;
    for (const char* sql : kFixtures) cluster().Sql(0, sql);
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "TRUNCATE ledger");
    gate_ = std::make_unique<TcpGate>(cluster().server(0).port());
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat("host=127.0.0.1 port=", gate_->port(),
                                       " user=postgres dbname=postgres")};
    settings.set = {"probe.timeout=500ms", "probe.interval=100ms",
                    "limits.cancel_budget=300ms"};
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
  }

  Told Write(const std::string& name, absl::Duration limit = kCallLimit) {
    Told told;
    grpc::ClientContext context;
    SetDeadline(context, limit);
    const auto stream = client().stub().Transaction(&context);
    stream->Write(OneShot(name));
    stream->WritesDone();
    v1::TransactionResponse response;
    while (stream->Read(&response)) {
      if (!response.has_committed()) continue;
      told.is_committed = true;
      told.committed = response.committed();
    }
    told.status = stream->Finish();
    told.failure = Explain(told.status);
    return told;
  }
  Told WriteByBatch(const std::string& name) {
    Told told;
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::BatchRequest request;
    *request.add_steps()->mutable_statement() = MakeStatement(kInsert, {Text(name)});
    v1::BatchResponse response;
    told.status = client().stub().Batch(&context, request, &response);
    told.failure = Explain(told.status);
    told.is_committed = told.status.ok();
    return told;
  }
  v1::ResolveTransactionResponse Resolve(const v1::TransactionReference& reference) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::ResolveTransactionRequest request;
    *request.mutable_transaction() = reference;
    v1::ResolveTransactionResponse response;
    const grpc::Status status =
        client().stub().ResolveTransaction(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Keeps COMMITs of slow rows waiting until it goes.
  SqlConnection HoldCommits() {
    auto connection = SqlConnection::Open(cluster().server(0).local_conninfo());
    EXPECT_TRUE(connection.ok()) << connection.status();
    EXPECT_TRUE(connection->Run("SELECT pg_advisory_lock(99)").ok());
    return *std::move(connection);
  }
  void AwaitCommit() {
    EXPECT_TRUE(WaitFor("a COMMIT waits", [] {
      return cluster().Sql(0,
                           "SELECT count(*) FROM pg_locks "
                           "WHERE locktype = 'advisory' AND NOT granted") == "1";
    }));
  }
  static bool IsPresent(const std::string& name) {
    return cluster().Sql(0, "SELECT count(*) FROM ledger WHERE name = $1", {name}) == "1";
  }
  // While `write` is at its COMMIT, and `name` is not there yet: lets it through, and the
  // answer be lost.
  template <class WriteFunction>
  Told LoseTheAnswer(WriteFunction write, const std::string& name) {
    Told told;
    std::optional<SqlConnection> holder = HoldCommits();
    std::thread writer([&] { told = write(name); });
    AwaitCommit();
    gate_->SetMode(TcpGate::Mode::kBlackHole);
    holder.reset();
    EXPECT_TRUE(WaitFor("it is committed", [&] { return IsPresent(name); }));
    gate_->CutAll();
    gate_->SetMode(TcpGate::Mode::kPass);
    writer.join();
    return told;
  }
  template <class WriteFunction>
  Told CutAtCommit(WriteFunction write, const std::string& name) {
    Told told;
    const SqlConnection holder = HoldCommits();
    std::thread writer([&] { told = write(name); });
    AwaitCommit();
    gate_->CutAll();
    writer.join();
    return told;
  }
  void ExpectRolledBack(const Told& told) {
    EXPECT_EQ(told.failure.code, grpc::StatusCode::ABORTED) << told.failure;
    EXPECT_EQ(told.failure.reason, "TRANSACTION_LOST");
    EXPECT_EQ(told.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
    EXPECT_EQ(told.failure.verdict.scope(), v1::RETRY_SCOPE_TRANSACTION);
  }

  std::unique_ptr<TcpGate> gate_;
};

TEST_F(CommitInDoubtTest, ACommitNamesItsTransaction) {
  const Told told = Write("quick");

  ASSERT_TRUE(told.is_committed) << told.failure;
  EXPECT_FALSE(told.committed.resolved());
  EXPECT_EQ(told.committed.transaction().timeline(), 1U);
  EXPECT_EQ(Resolve(told.committed.transaction()).outcome(),
            v1::TRANSACTION_OUTCOME_COMMITTED);
}

TEST_F(CommitInDoubtTest, WhoseAnswerWasLostIsFoundCommitted) {
  const Told told =
      LoseTheAnswer([this](const std::string& name) { return Write(name); }, "slow1");

  EXPECT_TRUE(told.status.ok()) << told.failure;
  ASSERT_TRUE(told.is_committed);
  EXPECT_TRUE(told.committed.resolved());
  EXPECT_TRUE(IsPresent("slow1"));
}

TEST_F(CommitInDoubtTest, ThatWasStillWaitingIsEndedAndFoundRolledBack) {
  const Told told =
      CutAtCommit([this](const std::string& name) { return Write(name); }, "slow2");

  EXPECT_FALSE(told.is_committed);
  ExpectRolledBack(told);
  EXPECT_FALSE(IsPresent("slow2"));
}

TEST_F(CommitInDoubtTest, OfABatchIsResolvedToo) {
  const auto write = [this](const std::string& name) { return WriteByBatch(name); };

  const Told committed = LoseTheAnswer(write, "slow3");
  EXPECT_TRUE(committed.is_committed) << committed.failure;
  EXPECT_TRUE(IsPresent("slow3"));

  const Told aborted = CutAtCommit(write, "slow4");
  ExpectRolledBack(aborted);
  EXPECT_FALSE(IsPresent("slow4"));
}

TEST_F(CommitInDoubtTest, WithoutAPrimaryToAskTheCallerIsToldHowToAskLater) {
  Told told;
  std::optional<SqlConnection> holder = HoldCommits();
  std::thread writer([&] { told = Write("slow5", absl::Seconds(3)); });
  AwaitCommit();
  gate_->SetMode(TcpGate::Mode::kBlackHole);
  holder.reset();
  EXPECT_TRUE(WaitFor("it is committed", [] { return IsPresent("slow5"); }));
  gate_->CutAll();
  writer.join();
  gate_->SetMode(TcpGate::Mode::kPass);

  EXPECT_FALSE(told.is_committed);
  EXPECT_EQ(told.failure.code, grpc::StatusCode::UNKNOWN) << told.failure;
  EXPECT_EQ(told.failure.verdict.scope(), v1::RETRY_SCOPE_RESOLVE_FIRST);
  const auto reference = ReferenceIn(told.status);
  ASSERT_TRUE(reference.has_value()) << told.failure;
  EXPECT_EQ(Resolve(*reference).outcome(), v1::TRANSACTION_OUTCOME_COMMITTED);
}

TEST_F(CommitInDoubtTest, AReferenceThatIsNoneIsRefused) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::ResolveTransactionRequest request;
  request.mutable_transaction()->set_system_identifier("1");
  v1::ResolveTransactionResponse response;

  const grpc::Status status =
      client().stub().ResolveTransaction(&context, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Explain(status).field, "transaction.timeline");
}

// Writers with unique names, while PostgreSQL crashes again and again. Whatever was told
// of a write must be so. PGSLUICE_TEST_LONG=1: ten thousand writes and more.
TEST_F(CommitInDoubtTest, ALedgerThroughCrashesIsRight) {
  constexpr int kWriters = 8;
  const bool is_long = std::getenv("PGSLUICE_TEST_LONG") != nullptr;
  const int crashes = is_long ? 60 : 4;
  std::atomic<bool> is_over = false;
  std::mutex mutex;
  std::vector<std::string> committed;
  std::vector<std::string> failed;
  int resolved = 0;
  int unknown = 0;
  std::set<std::string> other;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; !is_over; ++i) {
        const std::string name = absl::StrCat("w", w, "-", i);
        const Told told = i % 2 == 0 ? Write(name) : WriteByBatch(name);
        const std::lock_guard lock(mutex);
        if (told.is_committed) {
          committed.push_back(name);
          resolved += told.committed.resolved() ? 1 : 0;
        } else if (told.failure.verdict.outcome() == v1::OUTCOME_UNKNOWN ||
                   told.failure.reason.empty()) {
          ++unknown;
          other.insert(told.failure.message);
        } else {
          failed.push_back(name);
          other.insert(absl::StrCat(told.failure.code, " ", told.failure.reason));
        }
      }
    });
  }
  std::minstd_rand random(std::random_device{}());
  for (int i = 0; i < crashes; ++i) {
    size_t before = 0;
    const auto count = [&] {
      const std::lock_guard lock(mutex);
      return committed.size();
    };
    before = count();
    const size_t some = is_long ? 170 + random() % 50 : 20 + random() % 50;
    EXPECT_TRUE(WaitFor("some are written", [&] { return count() > before + some; }));
    ASSERT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
    ASSERT_TRUE(cluster().server(0).Start().ok());
  }
  is_over = true;
  for (std::thread& writer : writers) writer.join();

  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) - count(DISTINCT name) FROM ledger"), "0");
  for (const std::string& name : committed) {
    EXPECT_TRUE(IsPresent(name)) << name << " was told committed";
  }
  for (const std::string& name : failed) {
    EXPECT_FALSE(IsPresent(name)) << name << " was told failed";
  }
  std::string reasons;
  for (const std::string& reason : other) absl::StrAppend(&reasons, ", ", reason);
  std::cerr << crashes << " crashes, " << committed.size() << " committed (" << resolved
            << " found so afterwards), " << failed.size() << " failed, " << unknown
            << " unknown" << reasons << "\n";
}

}  // namespace
}  // namespace pgsluice::testing
