#include "server/transaction_limits.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using Event = TransactionEvent;

const absl::Time kStart = absl::FromUnixSeconds(1000);
absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

TransactionLimits Begun(absl::Duration warning = absl::Seconds(5)) {
  TransactionLimits limits(absl::Seconds(30), warning, kStart);
  limits.OnBegin(absl::ZeroDuration(), absl::ZeroDuration(), At(600), kStart);
  return limits;
}

TEST(TransactionLimitsTest, WarnsOnceBeforeSilenceIsTooLong) {
  TransactionLimits limits = Begun();

  EXPECT_EQ(limits.NextLook(), At(25));
  EXPECT_EQ(limits.Take(At(24.9)), Event::kNone);
  EXPECT_EQ(limits.Take(At(25)), Event::kIdleSoon);
  EXPECT_EQ(limits.Take(At(26)), Event::kNone);
  EXPECT_EQ(limits.NextLook(), At(30));
  EXPECT_EQ(limits.Take(At(30)), Event::kIdle);
}

TEST(TransactionLimitsTest, AnAnswerSetsSilenceBack) {
  TransactionLimits limits = Begun();
  EXPECT_EQ(limits.Take(At(25)), Event::kIdleSoon);

  limits.OnAnswered(At(29));

  EXPECT_EQ(limits.Take(At(40)), Event::kNone);
  EXPECT_EQ(limits.Take(At(54)), Event::kIdleSoon);
  EXPECT_EQ(limits.idle_until(), At(59));
}

TEST(TransactionLimitsTest, WarnsOnceBeforeItsLifeIsOver) {
  TransactionLimits limits = Begun();
  limits.OnAnswered(At(590));

  EXPECT_EQ(limits.NextLook(), At(595));
  EXPECT_EQ(limits.Take(At(595)), Event::kTotalSoon);
  limits.OnAnswered(At(596));
  EXPECT_EQ(limits.Take(At(599)), Event::kNone);
}

TEST(TransactionLimitsTest, AShortLimitIsWarnedOfAtItsHalf) {
  TransactionLimits limits(absl::Seconds(30), absl::Seconds(5), kStart);
  limits.OnBegin(absl::Seconds(4), absl::Seconds(9), At(600), kStart);

  EXPECT_EQ(limits.Take(At(2)), Event::kIdleSoon);
  limits.OnAnswered(At(4));
  EXPECT_EQ(limits.Take(At(4.5)), Event::kTotalSoon);
  EXPECT_EQ(limits.total_until(), At(9));
}

TEST(TransactionLimitsTest, ACallersLimitsCanOnlyBeTighter) {
  TransactionLimits limits(absl::Seconds(30), absl::Seconds(5), kStart);
  limits.OnBegin(absl::Seconds(60), absl::Hours(1), At(600), kStart);

  EXPECT_EQ(limits.idle(), absl::Seconds(30));
  EXPECT_EQ(limits.total_until(), At(600));
}

TEST(TransactionLimitsTest, WithoutWarningItOnlyStrikes) {
  TransactionLimits limits = Begun(absl::ZeroDuration());

  EXPECT_EQ(limits.NextLook(), At(30));
  EXPECT_EQ(limits.Take(At(29)), Event::kNone);
  EXPECT_EQ(limits.Take(At(30)), Event::kIdle);
}

TEST(TransactionLimitsTest, BeforeBeginThereIsNothingToWarnOf) {
  TransactionLimits limits(absl::Seconds(30), absl::Seconds(5), kStart);

  EXPECT_EQ(limits.NextLook(), At(30));
}

}  // namespace
}  // namespace pgsluice
