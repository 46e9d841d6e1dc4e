#include "pool/wait_prediction.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::Eq;
using testing::Optional;

TEST(WaitPredictionTest, GrowsWithWhoIsAheadAndShrinksWithSessions) {
  const absl::Duration hold = absl::Milliseconds(10);

  EXPECT_THAT(PredictWait(0, 1, hold), Optional(absl::Milliseconds(10)));
  EXPECT_THAT(PredictWait(9, 1, hold), Optional(absl::Milliseconds(100)));
  EXPECT_THAT(PredictWait(9, 10, hold), Optional(absl::Milliseconds(10)));
}

TEST(WaitPredictionTest, KnowsNothingWithoutASessionOrALease) {
  EXPECT_THAT(PredictWait(5, 0, absl::Seconds(1)), Eq(std::nullopt));
  EXPECT_THAT(PredictWait(5, 1, std::nullopt), Eq(std::nullopt));
}

TEST(WaitPredictionTest, TheAverageFollowsAndOldLeasesFade) {
  HoldAverage average;
  EXPECT_EQ(average.value(), std::nullopt);
  average.Add(absl::Seconds(1));
  EXPECT_THAT(average.value(), Optional(absl::Seconds(1)));

  for (int i = 0; i < 200; ++i) average.Add(absl::Milliseconds(10));

  EXPECT_LT(*average.value(), absl::Milliseconds(11));
}

TEST(WaitPredictionTest, GivesUpOnlyAfterTriesAndTime) {
  PoolOptions options;
  options.connect_retry_limit = 3;
  options.connect_retry_delay = absl::Seconds(1);
  struct Case {
    size_t failures;
    absl::Duration waited;
    size_t open;
    bool gives_up;
  };
  for (const Case& c :
       {Case{3, absl::Seconds(2), 0, true}, Case{2, absl::Seconds(9), 0, false},
        Case{9, absl::Milliseconds(1999), 0, false},
        Case{9, absl::Seconds(9), 1, false}}) {
    EXPECT_EQ(HasTriedEnough(c.failures, c.waited, c.open, options), c.gives_up)
        << c.failures << " " << c.waited << " " << c.open;
  }
  options.connect_retry_limit = 0;
  EXPECT_FALSE(HasTriedEnough(1000, absl::Hours(1), 0, options));
}

TEST(WaitPredictionTest, LeavesTransactionsTheirShareRoundedUp) {
  struct Case {
    size_t max;
    double share;
    size_t room;
  };
  for (const Case& c : {Case{10, 0.8, 8}, Case{1, 0.8, 1}, Case{2, 0.8, 2},
                        Case{3, 0.5, 2}, Case{10, 0, 1}, Case{10, 1, 10}}) {
    PoolOptions options;
    options.max_size = c.max;
    options.transaction_share = c.share;
    EXPECT_EQ(RoomToHold(options), c.room) << c.max << " " << c.share;
  }
}

TEST(WaitPredictionTest, AFleetSharesTheSizes) {
  PoolsOptions options;
  options.primary.max_size = 50;
  options.primary.min_size = 20;
  options.replica.max_size = 2;
  options.max_sessions_total = 60;
  options.fleet_size = 4;
  options.logins.emplace_back();
  options.logins[0].primary.max_size = 9;
  options.logins[0].primary.min_size = 4;
  options.logins[0].replica.max_size = 1;

  const PoolsOptions share = ShareOf(options);

  EXPECT_EQ(share.primary.max_size, 12u);
  EXPECT_EQ(share.primary.min_size, 12u);
  EXPECT_EQ(share.replica.max_size, 1u);
  EXPECT_EQ(share.max_sessions_total, 15u);
  EXPECT_EQ(share.fleet_size, 1u);
  EXPECT_EQ(share.OfRole(Role::kPrimary, 1).max_size, 2u);
  EXPECT_EQ(share.OfRole(Role::kPrimary, 1).min_size, 2u);
  EXPECT_EQ(share.OfRole(Role::kReplica, 1).max_size, 1u);
}

}  // namespace
}  // namespace pgsluice
