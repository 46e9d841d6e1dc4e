#include "pool/server_timeout.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using absl::Milliseconds;
using absl::Seconds;

constexpr absl::Duration kConfigured = absl::Hours(1);

TEST(ServerTimeoutTest, EveryDeadlineIsBoundedByItselfAndASecondAtMost) {
  for (int left = 0; left <= 40'000; left += 7) {
    ServerTimeout timeout(kConfigured);
    const auto next = timeout.Next(Milliseconds(left));
    ASSERT_TRUE(next.has_value()) << left;
    EXPECT_GE(*next, Milliseconds(left + 100)) << left;
    EXPECT_LE(*next, Milliseconds(left + 900)) << left;
  }
}

TEST(ServerTimeoutTest, WhatHoldsIsKeptWhileItFits) {
  ServerTimeout timeout(kConfigured);
  timeout.NoteSet(*timeout.Next(Seconds(10)));

  EXPECT_FALSE(timeout.Next(Milliseconds(9'999)).has_value());
  EXPECT_FALSE(timeout.Next(Milliseconds(9'800)).has_value());
  EXPECT_TRUE(timeout.Next(Milliseconds(9'000)).has_value());
  EXPECT_TRUE(timeout.Next(Milliseconds(10'500)).has_value());
}

TEST(ServerTimeoutTest, TheConfiguredOneIsNeverExceeded) {
  ServerTimeout timeout(Seconds(5));

  EXPECT_FALSE(timeout.Next(Seconds(60)).has_value());
  EXPECT_FALSE(timeout.Next(absl::InfiniteDuration()).has_value());
  timeout.NoteSet(Seconds(1));
  EXPECT_EQ(timeout.Next(Seconds(60)), Seconds(5));
  EXPECT_EQ(timeout.Next(absl::InfiniteDuration()), Seconds(5));
}

TEST(ServerTimeoutTest, WithoutAConfiguredOneTheServersIsRestored) {
  ServerTimeout timeout(absl::ZeroDuration());

  EXPECT_FALSE(timeout.Next(absl::InfiniteDuration()).has_value());
  EXPECT_EQ(timeout.Next(Milliseconds(300)), Milliseconds(500));
  timeout.NoteSet(Milliseconds(500));
  EXPECT_EQ(timeout.Next(absl::InfiniteDuration()), absl::ZeroDuration());
}

TEST(ServerTimeoutTest, WhatATransactionSetsEndsWithIt) {
  ServerTimeout timeout(kConfigured);
  timeout.NoteSet(Seconds(2));
  timeout.NoteSetLocal(Seconds(1));

  EXPECT_FALSE(timeout.Next(Milliseconds(500)).has_value());
  timeout.NoteTransactionEnd();
  EXPECT_TRUE(timeout.Next(Milliseconds(500)).has_value());
  EXPECT_FALSE(timeout.Next(Milliseconds(1'500)).has_value());
}

TEST(ServerTimeoutTest, WhatIsUnknownIsSet) {
  ServerTimeout timeout(kConfigured);
  timeout.NoteSet(Seconds(2));
  timeout.NoteLocalUnknown();
  EXPECT_TRUE(timeout.Next(Milliseconds(1'500)).has_value());
  timeout.NoteTransactionEnd();
  EXPECT_FALSE(timeout.Next(Milliseconds(1'500)).has_value());
  timeout.NoteSetUnknown();
  EXPECT_TRUE(timeout.Next(Milliseconds(1'500)).has_value());
}

TEST(ServerTimeoutTest, ACallersOwnIsLeftAloneUntilTheReset) {
  ServerTimeout timeout(kConfigured);
  timeout.Yield();
  EXPECT_FALSE(timeout.Next(Milliseconds(1)).has_value());
  timeout.NoteReset();
  EXPECT_TRUE(timeout.Next(Milliseconds(1)).has_value());
}

}  // namespace
}  // namespace pgsluice
