// A client is gone without a word, as after kill -9: its connection is reset. Its
// statement stops, its transaction is rolled back, its session comes back.
#include <memory>
#include <thread>

#include "tests/fault/fault_test.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

class ClientKilledTest : public FaultTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
    gate_ = std::make_unique<TcpGate>(gateway().port());
    doomed_ = std::make_unique<GatewayClient>(gate_->port());
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
  }
  // From now on nothing gets through: a client that is dead does not come back.
  void Kill() {
    gate_->SetMode(TcpGate::Mode::kRefuse);
    gate_->CutAll();
  }
  void ExpectRestored() {
    EXPECT_TRUE(WaitFor("nothing runs and nothing is open", [] {
      return cluster().CountBackends(0, "active") == 0 &&
             cluster().CountBackends(0, "idle in transaction") == 0;
    }));
    EXPECT_TRUE(gateway().IsQuiet());
    EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
    EXPECT_TRUE(client().Query("SELECT 1").ok());
  }

  std::unique_ptr<TcpGate> gate_;
  std::unique_ptr<GatewayClient> doomed_;
};

TEST_F(ClientKilledTest, InTheMiddleOfAStream) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  const auto reader = doomed_->stub().StreamQuery(
      &context, MakeStreamQuery("SELECT generate_series(1, 50000000)"));
  v1::StreamQueryResponse part;
  ASSERT_TRUE(reader->Read(&part));

  Kill();

  while (reader->Read(&part)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
  ExpectRestored();
}

TEST_F(ClientKilledTest, InTheMiddleOfATransaction) {
  TransactionStream transaction(*doomed_);
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());

  Kill();

  EXPECT_NE(transaction.Finish().code, grpc::StatusCode::OK);
  ExpectRestored();
}

TEST_F(ClientKilledTest, InTheMiddleOfATransactionsStatement) {
  TransactionStream transaction(*doomed_);
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());
  ASSERT_TRUE(transaction.Send(MakeExecute("SELECT pg_sleep(61)")));
  ASSERT_TRUE(
      WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(61)") == 1; }));

  Kill();

  EXPECT_NE(transaction.Finish().code, grpc::StatusCode::OK);
  ExpectRestored();
}

TEST_F(ClientKilledTest, InTheMiddleOfAQuery) {
  std::thread caller([&] {
    EXPECT_FALSE(doomed_->Query("INSERT INTO ledger SELECT 1 FROM pg_sleep(61)").ok());
  });
  ASSERT_TRUE(
      WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(61)") == 1; }));

  Kill();

  caller.join();
  ExpectRestored();
}

}  // namespace
}  // namespace pgsluice::testing
