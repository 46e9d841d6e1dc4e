#include "server/metrics/process_stats.h"

#include <unistd.h>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

// Of a process that is called "a b) (c".
constexpr char kStat[] =
    "4242 (a b) (c) S 1 4242 4242 0 -1 4194560 1000 0 3 0 150 50 0 0 20 0 12 0 5000 "
    "734003200 2560 18446744073709551615 1 1 0 0 0 0 0 4096 17663 0 0 0 17 1 0 0 0 0 0\n";

TEST(ProcessStats, AreReadFromBehindTheName) {
  ProcessStats stats;

  ParseStat(kStat, absl::FromUnixSeconds(1'000'000), 100, 4096, stats);

  EXPECT_EQ(stats.cpu, absl::Seconds(2));
  EXPECT_EQ(stats.threads, 12);
  EXPECT_EQ(stats.started, absl::FromUnixSeconds(1'000'050));
  EXPECT_EQ(stats.virtual_bytes, 734003200);
  EXPECT_EQ(stats.resident_bytes, 2560 * 4096);
}

TEST(ProcessStats, AreAbsentWhereTheTextIsAnother) {
  for (const char* text : {"", "4242", "4242 (x) S 1 2", "4242 (x) S a b c"}) {
    ProcessStats stats;
    ParseStat(text, absl::UnixEpoch(), 100, 4096, stats);
    EXPECT_FALSE(stats.cpu.has_value()) << text;
    EXPECT_FALSE(stats.resident_bytes.has_value()) << text;
  }
}

TEST(ProcessStats, KnowWhenTheSystemStarted) {
  EXPECT_EQ(ParseBootTime("cpu 1 2 3\nintr 5\nbtime 1700000000\nprocesses 9\n"),
            absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(ParseBootTime("cpu 1 2 3\n"), std::nullopt);
}

TEST(ProcessStats, AreThoseOfThisProcess) {
  const ProcessStats before = ReadProcessStats();
  const int more = dup(0);
  ASSERT_GE(more, 0);
  const ProcessStats with_one_more = ReadProcessStats();
  close(more);

  ASSERT_TRUE(before.open_files.has_value());
  EXPECT_EQ(*with_one_more.open_files, *before.open_files + 1);
  EXPECT_GT(before.resident_bytes.value_or(0), 1e6);
  EXPECT_GE(before.threads.value_or(0), 1);
  EXPECT_GT(before.max_files.value_or(0), 1);
  ASSERT_TRUE(before.started.has_value());
  EXPECT_LT(*before.started, absl::Now() + absl::Seconds(2));
  EXPECT_GT(*before.started, absl::Now() - absl::Hours(1));
}

}  // namespace
}  // namespace pgsluice
