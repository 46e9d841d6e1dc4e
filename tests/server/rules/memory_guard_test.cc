#include "server/memory_guard.h"

#include <optional>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using enum MemoryGuard::Step;

constexpr uint64_t kMiB = 1 << 20;

TEST(MemoryGuardTest, CutsOneForEachStepThatMemoryGrowsAboveItsLimit) {
  MemoryGuard guard(100 * kMiB);
  struct Look {
    uint64_t resident_mib;
    MemoryGuard::Step step;
  };
  for (const Look& look : {
           Look{50, kRest},
           Look{100, kRest},
           Look{101, kSample},
           Look{110, kCut},
           // What has been taken is not given back, and taken no further.
           Look{110, kRest},
           Look{142, kRest},
           // A sample of long ago tells nothing of now.
           Look{143, kSample},
           Look{140, kRest},
           Look{143, kSample},
           Look{150, kCut},
           Look{182, kRest},
           // Given back after all: it begins anew.
           Look{90, kRest},
           Look{101, kSample},
           Look{101, kCut},
       }) {
    EXPECT_EQ(guard.Next(look.resident_mib * kMiB), look.step) << look.resident_mib;
  }
}

TEST(MemoryGuardTest, IsOffAtZeroAndTakesANewLimit) {
  MemoryGuard guard(0);
  EXPECT_FALSE(guard.is_on());
  EXPECT_EQ(guard.Next(1000 * kMiB), kRest);

  guard.set_max_bytes(10 * kMiB);
  EXPECT_TRUE(guard.is_on());
  EXPECT_EQ(guard.Next(1000 * kMiB), kSample);
  guard.set_max_bytes(10 * kMiB);  // A reload that changes nothing here.
  EXPECT_EQ(guard.Next(1000 * kMiB), kCut);
  guard.set_max_bytes(2000 * kMiB);
  EXPECT_EQ(guard.Next(1500 * kMiB), kRest);
}

TEST(LoudestOfTest, NamesTheOneOverWhichMostHasCome) {
  struct Case {
    const char* what;
    ReceivedByDescriptor before, after;
    std::optional<int> loudest;
  };
  for (const Case& c : {
           Case{"nobody", {}, {}, std::nullopt},
           Case{"what waits to be read counts, however long it has been there",
                {{5, {1, 9 * kMiB, 4 * kMiB}}, {6, {2, 0, 0}}},
                {{5, {1, 9 * kMiB, 4 * kMiB}}, {6, {2, 2 * kMiB, 1 * kMiB}}},
                5},
           Case{"in between counts, not since ever",
                {{5, {1, 900 * kMiB, 0}}, {6, {2, 0, 0}}},
                {{5, {1, 901 * kMiB, 0}}, {6, {2, 2 * kMiB, 0}}},
                6},
           Case{"a quiet one is not to blame",
                {{5, {1, 100 * kMiB, 0}}},
                {{5, {1, 100 * kMiB + 1000, 1000}}},
                std::nullopt},
           Case{"a new one",
                {{5, {1, kMiB, 0}}},
                {{5, {1, kMiB, 0}}, {6, {2, kMiB, 0}}},
                6},
           Case{"another on the same descriptor",
                {{5, {1, 9 * kMiB, 0}}},
                {{5, {7, 1 * kMiB, 0}}},
                5},
           Case{"one that has gone", {{5, {1, 0, 0}}}, {}, std::nullopt},
       }) {
    EXPECT_EQ(LoudestOf(c.before, c.after), c.loudest) << c.what;
  }
}

}  // namespace
}  // namespace pgsluice
