// Every server goes down: all at once, and come back in either order; or each in turn.
// Service is restored by itself, the gateway never has to be restarted (its liveness says
// so to a kubelet), and no write is lost, doubled or wrongly denied.
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/fault/fault_test.h"
#include "tests/fault/ledger_load.h"
#include "tests/fault/read_load.h"

namespace pgsluice::testing {
namespace {

constexpr int kWriters = 4;
constexpr size_t kSome = 100;

class AllDownTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

 protected:
  void SetUp() override {
    FaultTest::SetUp();
    cluster().Sql(0, kCreateLedger);
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    StartGateway();
  }
  void ExpectTrue(const LedgerLoad& ledger) {
    const auto rows = cluster().TrySql(0, kReadLedger, {ledger.prefix()});
    ASSERT_TRUE(rows.ok()) << rows.status();
    const LedgerFindings findings = ledger.Compare(LedgerOf(*rows));
    EXPECT_THAT(findings.lost, ::testing::IsEmpty());
    EXPECT_THAT(findings.duplicated, ::testing::IsEmpty());
    EXPECT_THAT(findings.denied, ::testing::IsEmpty());
    EXPECT_THAT(findings.unheard_of, ::testing::IsEmpty());
    std::cerr << ledger.prefix() << " " << ledger.counts() << "\n";
  }
  // Returns the servers in this order.
  void AllDownAndBack(const std::string& prefix, const std::vector<size_t>& order);
};

void AllDownTest::AllDownAndBack(const std::string& prefix,
                                 const std::vector<size_t>& order) {
  LedgerLoad writes(client(), prefix, kWriters);
  ReadLoad reads(client(), kWriters);
  EXPECT_TRUE(writes.GoesOn(kSome));

  for (size_t i = 0; i < cluster().size(); ++i) {
    EXPECT_TRUE(cluster().server(i).Stop(StopMode::kImmediate).ok());
  }
  for (size_t i = 0; i < cluster().size(); ++i) EXPECT_TRUE(SeesUnreachable(i));
  EXPECT_TRUE(WaitFor("it is not ready",
                      [&] { return !gateway().health().IsServing("readiness"); }));
  EXPECT_TRUE(gateway().health().IsServing("liveness"))
      << "a restart of the gateway would help nobody";
  const Answer read = client().Read("SELECT 1");
  EXPECT_EQ(read.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << read.failure;
  const Answer write = client().Query("SELECT 1");
  EXPECT_EQ(write.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << write.failure;

  for (const size_t i : order) {
    EXPECT_TRUE(cluster().server(i).Start().ok());
    EXPECT_TRUE(gateway().health().IsServing("liveness"));
  }
  EXPECT_TRUE(gateway().IsReady());
  EXPECT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
  EXPECT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
  EXPECT_TRUE(SeesRole(2, v1::ROLE_REPLICA));
  EXPECT_TRUE(writes.GoesOn(kSome));
  EXPECT_TRUE(reads.IsServedBy("server1"));
  EXPECT_TRUE(reads.IsServedBy("server2"));
  writes.Stop();
  reads.Stop();
  ExpectTrue(writes);
}

TEST_F(AllDownTest, EverythingDownAndBackThePrimaryFirst) {
  AllDownAndBack("primary first/", {0, 1, 2});
}

TEST_F(AllDownTest, EverythingDownAndBackThePrimaryLast) {
  AllDownAndBack("primary last/", {2, 1, 0});
}

TEST_F(AllDownTest, ARestartOfEachServerInTurnFailsNoRead) {
  LedgerLoad writes(client(), "cascade/", kWriters);
  ReadLoad reads(client(), kWriters);

  for (const size_t i : {1, 2, 0, 2, 1}) {
    EXPECT_TRUE(writes.GoesOn(kSome));
    EXPECT_TRUE(reads.GoesOn(kSome));
    EXPECT_TRUE(cluster().server(i).Stop(StopMode::kFast).ok());
    EXPECT_TRUE(SeesUnreachable(i));
    EXPECT_TRUE(reads.GoesOn(kSome));
    EXPECT_TRUE(cluster().server(i).Start().ok());
    EXPECT_TRUE(SeesRole(i, i == 0 ? v1::ROLE_PRIMARY : v1::ROLE_REPLICA));
  }
  EXPECT_TRUE(writes.GoesOn(kSome));
  EXPECT_TRUE(reads.IsServedBy("server1"));
  EXPECT_TRUE(reads.IsServedBy("server2"));
  writes.Stop();
  reads.Stop();

  EXPECT_THAT(reads.failures(), ::testing::IsEmpty());
  ExpectTrue(writes);
}

}  // namespace
}  // namespace pgsluice::testing
