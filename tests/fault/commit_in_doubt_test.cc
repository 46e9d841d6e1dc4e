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
#include "tests/fault/ledger_writes.h"
#include "tests/fault/slow_commits.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

std::optional<v1::TransactionReference> ReferenceIn(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  v1::TransactionReference reference;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&reference)) return reference;
  }
  return std::nullopt;
}

class CommitInDoubtTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0});
    if (HasFatalFailure()) return;
    cluster().Sql(0, "CREATE TABLE ledger (name text PRIMARY KEY)");
    for (const char* sql : kSlowCommits) cluster().Sql(0, sql);
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "TRUNCATE ledger");
    gate_ = std::make_unique<TcpGate>(cluster().server(0).port());
    StartAtGate();
  }
  void StartAtGate() {
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
    return WriteByTransaction(client(), name, limit);
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
    // With the note's answer, which came before.
    EXPECT_TRUE(WaitFor("the gate has handed on the answers",
                        [this] { return gate_->HasHandedOnAnswers(); }));
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
  EXPECT_TRUE(gateway().HasPools("it is counted", [](const v1::PoolStatsResponse& stats) {
    return stats.commits_in_doubt().aborted() == 1 &&
           stats.commits_in_doubt().open() == 0;
  }));
}

TEST_F(CommitInDoubtTest, OfABatchIsResolvedToo) {
  const auto write = [this](const std::string& name) {
    return WriteByBatch(client(), name);
  };

  const Told committed = LoseTheAnswer(write, "slow3");
  EXPECT_TRUE(committed.is_committed) << committed.failure;
  EXPECT_TRUE(IsPresent("slow3"));

  const Told aborted = CutAtCommit(write, "slow4");
  ExpectRolledBack(aborted);
  EXPECT_FALSE(IsPresent("slow4"));
}

TEST_F(CommitInDoubtTest, OfASingleWriteIsResolvedOnRequest) {
  const auto write = [this](const std::string& name) {
    return WriteByQuery(client(), name);
  };

  const Told committed = LoseTheAnswer(write, "slow7");
  EXPECT_TRUE(committed.is_committed) << committed.failure;
  EXPECT_EQ(committed.endpoint, "server0");
  EXPECT_TRUE(IsPresent("slow7"));

  const Told aborted = CutAtCommit(write, "slow8");
  ExpectRolledBack(aborted);
  EXPECT_FALSE(IsPresent("slow8"));

  // Errors are those of a Query.
  const Told twice = WriteByQuery(client(), "slow7");
  EXPECT_EQ(twice.failure.reason, "UNIQUE_VIOLATION") << twice.failure;
  EXPECT_EQ(twice.failure.message.find("steps"), std::string::npos) << twice.failure;
}

TEST_F(CommitInDoubtTest, AReadLeavesNothingToResolve) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::QueryRequest request;
  *request.mutable_statement() = MakeStatement("SELECT 1", {});
  request.mutable_options()->set_resolve_commit(true);
  request.mutable_options()->set_intent(v1::INTENT_READ);
  v1::QueryResponse response;
  const Failure failure = Explain(client().stub().Query(&context, request, &response));
  EXPECT_EQ(failure.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(failure.field, "options.resolve_commit");
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

// On request the caller knows whom to ask for before COMMIT leaves: here, of a gateway
// that is killed while the COMMIT waits.
TEST_F(CommitInDoubtTest, AnnouncedItCanBeAskedForWhenTheGatewayIsLost) {
  std::optional<SqlConnection> holder = HoldCommits();
  v1::TransactionRequest request = OneShot("slow6");
  request.mutable_begin()->set_announce_commit(true);
  std::optional<v1::TransactionReference> reference;
  {
    TransactionStream stream(client());
    EXPECT_TRUE(stream.Ask(request).has_begun());
    EXPECT_TRUE(stream.Receive()->has_result());
    const auto committing = stream.Receive();
    ASSERT_TRUE(committing.has_value() && committing->has_committing());
    EXPECT_EQ(committing->seq(), 1U);
    reference = committing->committing().transaction();
    AwaitCommit();
    gateway().Kill();
    EXPECT_EQ(stream.Finish().code, grpc::StatusCode::UNAVAILABLE);
  }
  holder.reset();
  EXPECT_TRUE(WaitFor("it is committed", [] { return IsPresent("slow6"); }));

  ForgetGateway();
  StartAtGate();
  EXPECT_EQ(Resolve(*reference).outcome(), v1::TRANSACTION_OUTCOME_COMMITTED);
}

TEST_F(CommitInDoubtTest, AnAnnouncedCommitEndsLikeOthers) {
  TransactionStream stream(client());
  v1::Begin begin;
  begin.set_announce_commit(true);
  EXPECT_TRUE(stream.Begin(begin).has_begun());
  EXPECT_TRUE(stream.Execute(kInsertName, {Text("quick2")}).has_result());
  const v1::TransactionResponse committing = stream.Commit();
  ASSERT_TRUE(committing.has_committing());
  const auto committed = stream.Receive();
  ASSERT_TRUE(committed.has_value() && committed->has_committed());
  EXPECT_EQ(committed->committed().transaction().note(),
            committing.committing().transaction().note());
  EXPECT_EQ(stream.Finish().code, grpc::StatusCode::OK);
  EXPECT_TRUE(IsPresent("quick2"));

  TransactionStream idle(client());
  EXPECT_TRUE(idle.Begin(begin).has_begun());
  EXPECT_TRUE(idle.Execute("SELECT 1").has_result());
  EXPECT_TRUE(idle.Commit().has_committed()) << "there is nothing to ask for";
}

TEST_F(CommitInDoubtTest, AnAnnouncedCommitOfWhatHasFailedIsARollback) {
  v1::TransactionRequest request = MakeExecute("INSERT INTO ledger VALUES (1/0)");
  request.set_seq(1);
  request.mutable_begin()->set_announce_commit(true);
  request.set_then_commit(true);
  TransactionStream stream(client());
  EXPECT_TRUE(stream.Ask(request).has_begun());
  EXPECT_TRUE(stream.Receive()->has_statement_error());
  EXPECT_EQ(stream.Receive()->rolled_back().cause(), v1::ROLLBACK_CAUSE_FAILED);
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
        const Told told = WriteInTurns(client(), i, name);
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
