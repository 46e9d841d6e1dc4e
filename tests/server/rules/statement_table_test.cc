#include "server/statement_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

StatementSample Took(int milliseconds) {
  return {.queued = absl::ZeroDuration(),
          .execute = absl::Milliseconds(milliseconds),
          .stream = absl::ZeroDuration(),
          .ended = kStart};
}

// As the live part does it.
void Count(StatementTable& table, uint64_t fingerprint, const StatementSample& sample,
           Role role = Role::kPrimary) {
  const StatementKey key = {fingerprint, role};
  if (!table.Record(key, sample)) table.Add(key, std::to_string(fingerprint), sample);
}

std::vector<uint64_t> Fingerprints(const std::vector<StatementRow>& rows) {
  std::vector<uint64_t> fingerprints;
  for (const StatementRow& row : rows) fingerprints.push_back(row.key.fingerprint);
  return fingerprints;
}

TEST(StatementTableTest, AddsUpWhatItIsTold) {
  StatementTable table(10);
  Count(table, 1,
        {.queued = absl::Milliseconds(1),
         .execute = absl::Milliseconds(20),
         .stream = absl::Milliseconds(300),
         .rows = 7,
         .tag = "first",
         .ended = kStart});
  Count(table, 1,
        {.queued = absl::Milliseconds(2),
         .execute = absl::Milliseconds(30),
         .stream = absl::Milliseconds(0),
         .rows = 5,
         .is_error = true,
         .tag = "second",
         .ended = kStart + absl::Seconds(1)});

  ASSERT_EQ(table.size(), 1U);
  const StatementRow row = table.Rows().front();
  EXPECT_EQ(row.sql, "1");
  EXPECT_EQ(row.calls, 2U);
  EXPECT_EQ(row.errors, 1U);
  EXPECT_EQ(row.rows, 12U);
  EXPECT_EQ(row.queued, absl::Milliseconds(3));
  EXPECT_EQ(row.execute, absl::Milliseconds(50));
  EXPECT_EQ(row.stream, absl::Milliseconds(300));
  EXPECT_EQ(row.total, absl::Milliseconds(353));
  EXPECT_EQ(row.min, absl::Milliseconds(32));
  EXPECT_EQ(row.max, absl::Milliseconds(321));
  EXPECT_EQ(row.Mean(), absl::Milliseconds(176.5));
  EXPECT_EQ(row.last_seen, kStart + absl::Seconds(1));
  EXPECT_EQ(row.last_tag, "second");
  EXPECT_EQ(table.calls(), 2U);
  EXPECT_EQ(table.total(), absl::Milliseconds(353));
}

TEST(StatementTableTest, HasANameThatAllCallsHad) {
  const auto name_of = [](const std::vector<std::string>& calls,
                          const std::vector<std::string>& on_another_shard) {
    StatementTable table(10);
    StatementTable another(10);
    StatementSample sample = Took(1);
    for (const std::string& name : calls) {
      sample.name = name;
      Count(table, 1, sample);
    }
    for (const std::string& name : on_another_shard) {
      sample.name = name;
      Count(another, 1, sample);
    }
    StatementTable all(10);
    all.Merge(table);
    all.Merge(another);
    return all.Rows().front().name;
  };

  EXPECT_EQ(name_of({"a"}, {}), "a");
  EXPECT_EQ(name_of({"a", "a"}, {"a"}), "a");
  EXPECT_EQ(name_of({}, {"a"}), "a");
  EXPECT_EQ(name_of({""}, {}), "");
  EXPECT_EQ(name_of({"a", "b"}, {}), "");
  EXPECT_EQ(name_of({"a", "", "a"}, {}), "") << "it has none again";
  EXPECT_EQ(name_of({"", "a"}, {}), "");
  EXPECT_EQ(name_of({"a"}, {"b"}), "");
  EXPECT_EQ(name_of({"a"}, {""}), "");
}

TEST(StatementTableTest, CountsNothingBeforeItHasTheText) {
  StatementTable table(10);

  EXPECT_FALSE(table.Record({1, Role::kPrimary}, Took(1)));

  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.calls(), 0U);
}

TEST(StatementTableTest, KeepsPoolsApart) {
  StatementTable table(10);
  Count(table, 1, Took(1), Role::kPrimary);
  Count(table, 1, Took(1), Role::kReplica);

  EXPECT_EQ(table.size(), 2U);
}

TEST(StatementTableTest, QuantilesAreWithinWhatWasSeen) {
  StatementTable table(10);
  Count(table, 1, Took(100));
  Count(table, 1, Took(101));

  const StatementRow row = table.Rows().front();
  EXPECT_GE(row.Quantile(0), absl::Milliseconds(100));
  EXPECT_LE(row.Quantile(1), absl::Milliseconds(101));
}

TEST(StatementTableTest, FullItDropsTheLeastTotalTime) {
  StatementTable table(3);
  Count(table, 1, Took(30));
  for (int i = 0; i < 50; ++i) Count(table, 2, Took(1));
  Count(table, 3, Took(40));

  Count(table, 4, Took(1));

  EXPECT_THAT(Fingerprints(table.Rows()), UnorderedElementsAre(2, 3, 4));
  EXPECT_EQ(table.evicted(), 1U);
  EXPECT_EQ(table.calls(), 53U) << "the dropped one still counts";
  EXPECT_EQ(table.total(), absl::Milliseconds(121));
}

TEST(StatementTableTest, ALargeOneDropsOneInTwentyAtATime) {
  StatementTable table(100);
  for (int i = 1; i <= 100; ++i) Count(table, i, Took(i));

  Count(table, 101, Took(101));

  EXPECT_EQ(table.evicted(), 5U);
  EXPECT_EQ(table.size(), 96U);
  for (const StatementRow& row : table.Rows()) EXPECT_GT(row.key.fingerprint, 5U);
}

TEST(StatementTableTest, StaysWithinItsBound) {
  for (const size_t bound : {1, 2, 19, 20, 21, 100}) {
    StatementTable table(bound);
    for (int i = 0; i < 1000; ++i) {
      Count(table, i, Took(i % 17));
      ASSERT_LE(table.size(), bound);
      ASSERT_EQ(table.size() + table.evicted(), static_cast<uint64_t>(i) + 1);
    }
  }
}

TEST(StatementTableTest, WithoutRoomItKeepsOnlyTheSums) {
  StatementTable table(0);
  Count(table, 1, Took(5));

  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.calls(), 1U);
}

TEST(StatementTableTest, MergesRowsOfOneKey) {
  StatementTable left(2);
  StatementTable right(2);
  Count(left, 1, Took(10));
  Count(left, 2, Took(20));
  Count(right, 2, Took(5));
  Count(right, 3, Took(30));

  left.Merge(right);

  const auto rows = TopRows(left.Rows(), StatementOrder::kTotal, 10);
  EXPECT_THAT(Fingerprints(rows), ElementsAre(3, 2, 1));
  EXPECT_EQ(rows[1].calls, 2U);
  EXPECT_EQ(rows[1].min, absl::Milliseconds(5));
  EXPECT_EQ(rows[1].max, absl::Milliseconds(20));
  EXPECT_EQ(left.calls(), 4U);
}

TEST(StatementTableTest, PutsFirstWhatIsAskedFor) {
  StatementTable table(10);
  for (int i = 0; i < 200; ++i) Count(table, 1, Took(2));  // Often.
  Count(table, 2, Took(300));                              // Slow each time.
  for (int i = 0; i < 60; ++i) Count(table, 3, Took(i == 0 ? 500 : 1));  // Rarely slow.
  StatementSample many = Took(1);
  many.rows = 1000;
  Count(table, 4, many);

  struct Case {
    StatementOrder order;
    std::vector<uint64_t> expected;
  };
  for (const Case& c : {Case{StatementOrder::kTotal, {3, 1, 2, 4}},
                        Case{StatementOrder::kMean, {2, 3, 1, 4}},
                        Case{StatementOrder::kP99, {3, 2, 1, 4}},
                        Case{StatementOrder::kCalls, {1, 3, 2, 4}},
                        Case{StatementOrder::kRows, {4, 1, 2, 3}}}) {
    EXPECT_EQ(Fingerprints(TopRows(table.Rows(), c.order, 10)), c.expected);
    EXPECT_EQ(TopRows(table.Rows(), c.order, 1).front().key.fingerprint, c.expected[0]);
  }
  EXPECT_TRUE(TopRows(table.Rows(), StatementOrder::kTotal, 0).empty());
}

}  // namespace
}  // namespace pgsluice
