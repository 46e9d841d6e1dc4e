// One failover after the other under load: the primary is killed (SIGKILL), its
// synchronous standby promoted, the old one rewound and made the new one's standby. After
// each the ledger is compared with what was told. PGSLUICE_TEST_LONG=1: a hundred
// failovers, a hundred thousand writes and more.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/fault/fault_test.h"
#include "tests/fault/ledger_load.h"

namespace pgsluice::testing {
namespace {

constexpr int kWriters = 8;
constexpr absl::Duration kRestoredWithin = absl::Seconds(10);

constexpr char kWaitsForStandby[] = "ALTER SYSTEM SET synchronous_standby_names = '*'";
constexpr char kWaitsForNobody[] = "ALTER SYSTEM SET synchronous_standby_names = ''";
constexpr char kStandbyState[] =
    "SELECT state || ' ' || sync_state FROM pg_stat_replication";
constexpr char kHasFlushed[] =
    "SELECT bool_and(flush_lsn >= $1::pg_lsn) FROM pg_stat_replication";

struct Extent {
  int failovers;
  size_t writes_between;  // At least.
};
Extent TestExtent() {
  if (std::getenv("PGSLUICE_TEST_LONG") == nullptr) return {3, 200};
  return {100, 1000};
}

std::string Quantiles(std::vector<absl::Duration> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return absl::StrCat("p50 ", absl::FormatDuration(at(0.5)), ", p99 ",
                      absl::FormatDuration(at(0.99)), ", longest ",
                      absl::FormatDuration(values.back()));
}

class FailoverLedgerTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 1,
                  .configuration = "wal_log_hints = on\n"
                                   "full_page_writes = on\n"
                                   "wal_keep_size = 256MB\n"
                                   "max_wal_size = 256MB\n"});
  }

 protected:
  void SetUp() override {
    FaultTest::SetUp();
    // Slots would not survive a rewind.
    cluster().Sql(1, "ALTER SYSTEM SET primary_slot_name = ''");
    cluster().Sql(1, "SELECT pg_reload_conf()");
    EXPECT_TRUE(WaitFor("the slot is not used any more", [] {
      return cluster()
          .TrySql(0,
                  "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
          .ok();
    }));
    cluster().Sql(0, kCreateLedger);
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    // As it is by default, where the tests' own are quicker.
    StartGateway({"probe.interval=250ms", "probe.timeout=2s",
                  "pools.primary.backoff_max=10s", "pools.replica.backoff_max=10s"});
  }

  // From here on what `primary` acknowledges is on its standby's disk.
  static ::testing::AssertionResult MakeSynchronous(size_t primary) {
    cluster().Sql(primary, kWaitsForStandby);
    cluster().Sql(primary, "SELECT pg_reload_conf()");
    auto is_synchronous = WaitFor("the standby is synchronous", [&] {
      return cluster().Sql(primary, kStandbyState) == "streaming sync";
    });
    if (!is_synchronous) return is_synchronous;
    // By now the postmaster has signalled everybody; commits wait only once the
    // checkpointer has read the setting, and that it does before it makes a checkpoint.
    cluster().Sql(primary, "CHECKPOINT");
    // What was acknowledged without waiting is older than this.
    const std::string written =
        cluster().Sql(primary, "SELECT pg_current_wal_insert_lsn()");
    return WaitFor("the standby has flushed it",
                   [&] { return cluster().Sql(primary, kHasFlushed, {written}) == "t"; });
  }
  static LedgerFindings Compare(const LedgerLoad& ledger, size_t primary) {
    const auto rows = cluster().TrySql(primary, kReadLedger, {ledger.prefix()});
    EXPECT_TRUE(rows.ok()) << rows.status();
    return ledger.Compare(rows.ok() ? LedgerOf(*rows) : std::map<std::string, int>());
  }
  static void ExpectTrue(const LedgerLoad& ledger, size_t primary) {
    const LedgerFindings findings = Compare(ledger, primary);
    EXPECT_THAT(findings.lost, ::testing::IsEmpty());
    EXPECT_THAT(findings.duplicated, ::testing::IsEmpty());
    EXPECT_THAT(findings.denied, ::testing::IsEmpty());
    EXPECT_THAT(findings.unheard_of, ::testing::IsEmpty());
  }

  // Kills `primary` under the load and has the other one take over.
  void FailOver(size_t primary, LedgerLoad& ledger, size_t writes);

  std::vector<absl::Duration> from_promotion_;  // To the first acknowledged write.
  std::vector<absl::Duration> outages_;         // Between two acknowledgements.
};

void FailoverLedgerTest::FailOver(size_t primary, LedgerLoad& ledger, size_t writes) {
  const size_t standby = 1 - primary;
  ASSERT_TRUE(MakeSynchronous(primary));
  ASSERT_TRUE(ledger.GoesOn(writes / 2));

  const absl::Time killed = absl::Now();
  ASSERT_TRUE(cluster().server(primary).Stop(StopMode::kKill).ok());
  ASSERT_TRUE(cluster().Promote(standby).ok());
  const absl::Time promoted = absl::Now();
  ASSERT_TRUE(ledger.GoesOn(writes / 2)) << "service is not restored";
  const LedgerLoad::Outage outage = ledger.LongestOutage(killed);
  const absl::Time restored = outage.begin + outage.length;
  from_promotion_.push_back(std::max(absl::ZeroDuration(), restored - promoted));
  outages_.push_back(outage.length);
  EXPECT_LT(from_promotion_.back(), kRestoredWithin);

  const absl::Status rejoined = cluster().Rejoin(primary, standby);
  ASSERT_TRUE(rejoined.ok()) << rejoined;
  ASSERT_TRUE(SeesRole(primary, v1::ROLE_REPLICA));
  ledger.Stop();
  ExpectTrue(ledger, standby);
}

TEST_F(FailoverLedgerTest, NothingAcknowledgedIsLostHoweverOftenThePrimaryIsKilled) {
  const Extent extent = TestExtent();
  std::vector<std::unique_ptr<LedgerLoad>> ledgers;
  LedgerLoad::Counts total;
  size_t primary = 0;
  for (int i = 0; i < extent.failovers && !HasFailure(); ++i) {
    auto& ledger = ledgers.emplace_back(
        std::make_unique<LedgerLoad>(client(), absl::StrCat("f", i, "/"), kWriters));
    FailOver(primary, *ledger, extent.writes_between);
    primary = 1 - primary;
    const LedgerLoad::Counts counts = ledger->counts();
    std::cerr << "failover " << i << ": " << counts << "; first write "
              << (from_promotion_.empty() ? absl::InfiniteDuration()
                                          : from_promotion_.back())
              << " after the promotion\n";
    total.committed += counts.committed;
    total.resolved += counts.resolved;
    total.denied += counts.denied;
    total.not_started += counts.not_started;
    total.unknown += counts.unknown;
  }
  // Nor has a later failover taken what an earlier one had left.
  for (const auto& ledger : ledgers) {
    ledger->Stop();
    ExpectTrue(*ledger, primary);
  }
  cluster().Sql(primary, kWaitsForNobody);
  cluster().Sql(primary, "SELECT pg_reload_conf()");

  ASSERT_FALSE(from_promotion_.empty());
  std::cerr << from_promotion_.size() << " failovers: " << total
            << "\nfrom the promotion to the first write: " << Quantiles(from_promotion_)
            << "\nfrom the last acknowledgement before to the first after: "
            << Quantiles(outages_) << "\n";
}

}  // namespace
}  // namespace pgsluice::testing
