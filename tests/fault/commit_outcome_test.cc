// What became of a transaction, asked of real servers through a real promotion: the three
// cases in which a transaction id alone does and does not tell.
#include <csignal>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "pool/commit_evidence.h"
#include "pool/control/pg_commit_oracle.h"
#include "tests/testing/postgres_cluster.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);
// Enough for the new primary to give out the ids of the old one again.
constexpr int kMoreTransactions = 20;
constexpr char kGrantReadFile[] =
    "GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO "
    "poor";

absl::StatusOr<std::string> TakeConninfo(const Endpoint& endpoint) {
  return endpoint.conninfo;
}

class CommitOutcomeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto cluster = PostgresCluster::Create({.replicas = 1});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    cluster_->Sql(0, "CREATE TABLE ledger (name text)");
    system_identifier_ =
        cluster_->Sql(0, "SELECT system_identifier FROM pg_control_system()");
    ASSERT_TRUE(cluster_->WaitCaughtUp().ok());
  }

  SqlConnection Connect(size_t server) {
    auto connection = SqlConnection::Open(cluster_->server(server).local_conninfo());
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }
  void Run(SqlConnection& connection, const std::string& sql) {
    const auto done = connection.Run(sql);
    EXPECT_TRUE(done.ok()) << sql << ": " << done.status();
  }
  std::optional<CommitEvidence> Note(SqlConnection& connection) {
    const std::string text = absl::StrCat("note ", ++notes_);
    const auto rows = connection.Run(NoteEvidenceStatement(text).sql, {text});
    EXPECT_TRUE(rows.ok()) << rows.status();
    EvidenceSink sink(system_identifier_, text);
    if (!rows.ok() || rows->empty()) return std::nullopt;
    std::vector<Cell> cells;
    for (const auto& cell : rows->front()) {
      cells.push_back({.data = cell->data(), .length = static_cast<int>(cell->size())});
    }
    EXPECT_TRUE(sink.OnRow(cells).ok());
    return sink.evidence();
  }
  // Up to before its COMMIT.
  CommitEvidence Write(SqlConnection& connection, const std::string& name) {
    Run(connection, "BEGIN");
    Run(connection, absl::StrCat("INSERT INTO ledger VALUES ('", name, "')"));
    return Note(connection).value_or(CommitEvidence{});
  }
  bool IsPresent(size_t server, const std::string& name) {
    return cluster_->Sql(server, "SELECT count(*) FROM ledger WHERE name = $1", {name}) ==
           "1";
  }
  Endpoint EndpointOf(size_t server) {
    return {.name = absl::StrCat("server", server),
            .conninfo = cluster_->server(server).conninfo()};
  }
  CommitVerdict Judge(size_t server, const CommitEvidence& evidence,
                      IfInProgress if_in_progress = IfInProgress::kLeave,
                      const std::string& user = "postgres") {
    PgCommitOracle oracle(kTimeout, TakeConninfo);
    Endpoint endpoint = EndpointOf(server);
    endpoint.conninfo += absl::StrCat(" user=", user);
    const auto facts = oracle.Ask(endpoint, evidence, if_in_progress);
    EXPECT_TRUE(facts.ok()) << facts.status();
    return facts.ok() ? JudgeCommit(evidence, *facts) : CommitVerdict{};
  }
  std::string StatusById(size_t server, const CommitEvidence& evidence) {
    return cluster_->Sql(server, "SELECT pg_xact_status($1::xid8)",
                         {absl::StrCat(evidence.transaction_id)});
  }
  // So that ids are given out again.
  void WriteMore(size_t server) {
    for (int i = 0; i < kMoreTransactions; ++i) {
      cluster_->Sql(server, "INSERT INTO ledger VALUES ('other')");
    }
  }
  // Until somebody commits, that is.
  void KeepWalFromDisk() {
    cluster_->Sql(0, "ALTER SYSTEM SET wal_writer_delay = '10s'");
    CrashAndRestart();
  }
  void CrashAndRestart() {
    ASSERT_TRUE(cluster_->server(0).Stop(StopMode::kImmediate).ok());
    ASSERT_TRUE(cluster_->server(0).Start().ok());
  }
  void CutReplication() {
    cluster_->Sql(1, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
    cluster_->Sql(1, "SELECT pg_reload_conf()");
    EXPECT_TRUE(WaitFor("replication is cut", [this] {
      return cluster_->Sql(0, "SELECT count(*) FROM pg_stat_replication") == "0";
    }));
  }

  std::unique_ptr<PostgresCluster> cluster_;
  std::string system_identifier_;
  int notes_ = 0;
};

TEST_F(CommitOutcomeTest, ATransactionThatOnlyReadLeavesNothingToResolve) {
  SqlConnection connection = Connect(0);
  Run(connection, "BEGIN");
  Run(connection, "SELECT * FROM ledger");

  EXPECT_FALSE(Note(connection).has_value());
  const auto id = connection.Run("SELECT pg_current_xact_id_if_assigned()");
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_FALSE(id->at(0).at(0).has_value()) << "the question itself must not assign one";
}

TEST_F(CommitOutcomeTest, OnTheSamePrimaryItsRecordsTell) {
  SqlConnection one = Connect(0);
  const CommitEvidence committed = Write(one, "committed");
  Run(one, "COMMIT");
  const CommitEvidence aborted = Write(one, "aborted");
  Run(one, "ROLLBACK");

  EXPECT_EQ(Judge(0, committed).outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(Judge(0, aborted).outcome, CommitOutcome::kAborted);
}

TEST_F(CommitOutcomeTest, WhatIsStillInProgressIsEndedOnRequest) {
  SqlConnection one = Connect(0);
  const CommitEvidence open = Write(one, "open");

  EXPECT_TRUE(Judge(0, open).is_pending);
  EXPECT_TRUE(Judge(0, open, IfInProgress::kTerminate).is_pending);
  EXPECT_TRUE(
      WaitFor("its backend has gone", [&] { return !Judge(0, open).is_pending; }));
  EXPECT_EQ(Judge(0, open).outcome, CommitOutcome::kAborted);
  EXPECT_FALSE(IsPresent(0, "open"));
}

TEST_F(CommitOutcomeTest, AStandbyIsNotBelieved) {
  SqlConnection one = Connect(0);
  const CommitEvidence committed = Write(one, "committed");
  Run(one, "COMMIT");
  ASSERT_TRUE(cluster_->WaitCaughtUp().ok());

  PgCommitOracle oracle(kTimeout, TakeConninfo);
  EXPECT_FALSE(oracle.Ask(EndpointOf(1), committed, IfInProgress::kLeave).ok());
}

TEST_F(CommitOutcomeTest, AfterAFailoverTheThreeCasesAreToldApart) {
  SqlConnection a = Connect(0);
  SqlConnection b = Connect(0);
  SqlConnection c = Connect(0);
  const CommitEvidence replicated = Write(a, "a");
  Run(a, "COMMIT");
  const CommitEvidence begun_before = Write(c, "c");
  ASSERT_TRUE(cluster_->WaitCaughtUp().ok());
  CutReplication();
  Run(c, "COMMIT");
  const CommitEvidence after = Write(b, "b");
  Run(b, "COMMIT");
  ASSERT_TRUE(IsPresent(0, "a") && IsPresent(0, "b") && IsPresent(0, "c"));

  ASSERT_TRUE(cluster_->Promote(1).ok());
  WriteMore(1);

  EXPECT_TRUE(IsPresent(1, "a"));
  EXPECT_FALSE(IsPresent(1, "b") || IsPresent(1, "c"));
  EXPECT_EQ(Judge(1, replicated).outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(Judge(1, begun_before).outcome, CommitOutcome::kAborted);
  EXPECT_EQ(Judge(1, after).outcome, CommitOutcome::kAborted);
  // What a question for the id alone would have said of the last.
  EXPECT_EQ(StatusById(1, after), "committed");
}

// What the server had not brought to disk when it crashed, it does again otherwise: with
// the same id, at the same place.
TEST_F(CommitOutcomeTest, WhatACrashLosesIsNotTakenForItsSuccessor) {
  KeepWalFromDisk();
  SqlConnection one = Connect(0);
  const CommitEvidence lost = Write(one, "lost");
  CrashAndRestart();

  EXPECT_EQ(Judge(0, lost).outcome, CommitOutcome::kAborted) << "nothing is there yet";
  WriteMore(0);
  EXPECT_EQ(StatusById(0, lost), "committed") << "which is another one";
  EXPECT_EQ(Judge(0, lost, IfInProgress::kTerminate).outcome, CommitOutcome::kAborted);
  EXPECT_FALSE(IsPresent(0, "lost"));
}

// The postmaster lives on, and says that it started long ago.
TEST_F(CommitOutcomeTest, NorWhenOneBackendTakesTheOthersAlong) {
  KeepWalFromDisk();
  SqlConnection one = Connect(0);
  const CommitEvidence lost = Write(one, "lost");
  const auto pid = one.Run("SELECT pg_backend_pid()");
  ASSERT_TRUE(pid.ok()) << pid.status();
  int backend = 0;
  ASSERT_TRUE(absl::SimpleAtoi(*pid->at(0).at(0), &backend));
  SqlConnection other = Connect(0);
  ASSERT_EQ(kill(backend, SIGKILL), 0);
  ASSERT_TRUE(WaitFor("the others end", [&] { return !other.Run("SELECT 1").ok(); }));
  ASSERT_TRUE(WaitFor("the server is back", [this] {
    auto connection = SqlConnection::Open(cluster_->server(0).local_conninfo());
    return connection.ok() && connection->Run("SELECT 1").ok();
  }));

  WriteMore(0);
  EXPECT_EQ(StatusById(0, lost), "committed");
  EXPECT_EQ(Judge(0, lost).outcome, CommitOutcome::kAborted);
}

TEST_F(CommitOutcomeTest, WhatACrashKeptIsFound) {
  SqlConnection one = Connect(0);
  const CommitEvidence committed = Write(one, "committed");
  Run(one, "COMMIT");
  const CommitEvidence open = Write(one, "open");
  cluster_->Sql(0, "INSERT INTO ledger VALUES ('brings the WAL to disk')");
  CrashAndRestart();
  WriteMore(0);

  EXPECT_EQ(Judge(0, committed).outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(Judge(0, open).outcome, CommitOutcome::kAborted);
  ASSERT_TRUE(cluster_->server(0).Stop(StopMode::kFast).ok());
  ASSERT_TRUE(cluster_->server(0).Start().ok());
  EXPECT_EQ(Judge(0, committed).outcome, CommitOutcome::kCommitted);
}

TEST_F(CommitOutcomeTest, ACrashBeforeAFailoverIsSeenThrough) {
  KeepWalFromDisk();
  SqlConnection one = Connect(0);
  const CommitEvidence lost = Write(one, "lost");
  CrashAndRestart();
  WriteMore(0);
  ASSERT_TRUE(cluster_->WaitCaughtUp().ok());
  ASSERT_TRUE(cluster_->Promote(1).ok());
  WriteMore(1);

  EXPECT_EQ(StatusById(1, lost), "committed");
  EXPECT_EQ(Judge(1, lost).outcome, CommitOutcome::kAborted);
}

TEST_F(CommitOutcomeTest, WithoutItsWalItIsUnknown) {
  SqlConnection one = Connect(0);
  const CommitEvidence committed = Write(one, "committed");
  Run(one, "COMMIT");
  EXPECT_EQ(Judge(0, committed).outcome, CommitOutcome::kCommitted);
  CrashAndRestart();
  cluster_->Sql(0, "ALTER SYSTEM SET wal_keep_size = 0");
  cluster_->Sql(0, "SELECT pg_reload_conf()");
  EXPECT_TRUE(WaitFor("its segment is gone", [&] {
    cluster_->Sql(0, "SELECT pg_switch_wal()");
    cluster_->Sql(0, "INSERT INTO ledger VALUES ('more')");
    cluster_->Sql(0, "CHECKPOINT");
    return Judge(0, committed).outcome == CommitOutcome::kUnknown;
  }));
}

TEST_F(CommitOutcomeTest, WithoutTheRightToReadFilesItIsUnknownAfterARestart) {
  cluster_->Sql(0, "CREATE ROLE poor LOGIN");
  SqlConnection one = Connect(0);
  const CommitEvidence committed = Write(one, "committed");
  Run(one, "COMMIT");
  EXPECT_EQ(Judge(0, committed, IfInProgress::kLeave, "poor").outcome,
            CommitOutcome::kCommitted);
  CrashAndRestart();

  EXPECT_EQ(Judge(0, committed, IfInProgress::kLeave, "poor").outcome,
            CommitOutcome::kUnknown);
  cluster_->Sql(0, kGrantReadFile);
  EXPECT_EQ(Judge(0, committed, IfInProgress::kLeave, "poor").outcome,
            CommitOutcome::kCommitted);
}

TEST_F(CommitOutcomeTest, WithoutItAFailoverLeavesItUnknown) {
  cluster_->Sql(0, "CREATE ROLE poor LOGIN");
  SqlConnection a = Connect(0);
  const CommitEvidence replicated = Write(a, "a");
  Run(a, "COMMIT");
  ASSERT_TRUE(cluster_->WaitCaughtUp().ok());
  ASSERT_TRUE(cluster_->Promote(1).ok());

  EXPECT_EQ(Judge(1, replicated, IfInProgress::kLeave, "poor").outcome,
            CommitOutcome::kUnknown);
  cluster_->Sql(1, kGrantReadFile);
  EXPECT_EQ(Judge(1, replicated, IfInProgress::kLeave, "poor").outcome,
            CommitOutcome::kCommitted);
}

}  // namespace
}  // namespace pgsluice::testing
