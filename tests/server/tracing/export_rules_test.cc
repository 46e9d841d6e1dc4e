#include "server/tracing/export_rules.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using grpc::StatusCode;

constexpr absl::Time kNow = absl::FromUnixSeconds(1000);

FailedExport Failed(StatusCode code, int tries = 1) {
  return {.code = code,
          .tries = tries,
          .now = kNow,
          .give_up_at = kNow + absl::Hours(1),
          .jitter = 1};
}

TEST(ExportRulesTest, OnlyWhatMayPassIsTriedAgain) {
  for (int code = 1; code <= 16; ++code) {
    const auto status = static_cast<StatusCode>(code);
    const bool may_pass =
        status == StatusCode::CANCELLED || status == StatusCode::DEADLINE_EXCEEDED ||
        status == StatusCode::ABORTED || status == StatusCode::OUT_OF_RANGE ||
        status == StatusCode::UNAVAILABLE || status == StatusCode::DATA_LOSS;
    EXPECT_EQ(NextTry(Failed(status)).has_value(), may_pass) << code;
  }
}

TEST(ExportRulesTest, ACollectorWithoutRoomIsTriedAgainIfItSaysWhen) {
  FailedExport failed = Failed(StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_FALSE(NextTry(failed).has_value());

  failed.retry_delay = absl::Seconds(7);
  EXPECT_EQ(NextTry(failed), kNow + absl::Seconds(7));
}

TEST(ExportRulesTest, PausesDoubleUpToTheLongest) {
  const int seconds[] = {1, 2, 4, 8, 16, 30, 30};
  for (int tries = 1; tries <= 7; ++tries) {
    EXPECT_EQ(NextTry(Failed(StatusCode::UNAVAILABLE, tries)),
              kNow + absl::Seconds(seconds[tries - 1]))
        << tries;
  }
  EXPECT_EQ(NextTry(Failed(StatusCode::UNAVAILABLE, 1'000'000)),
            kNow + kLongestExportPause);
}

TEST(ExportRulesTest, PausesAreAlittleRandomButNeverShorterThanAskedFor) {
  FailedExport failed = Failed(StatusCode::UNAVAILABLE);
  failed.jitter = 0.5;
  EXPECT_EQ(NextTry(failed), kNow + absl::Milliseconds(500));

  failed.retry_delay = absl::Seconds(3);
  EXPECT_EQ(NextTry(failed), kNow + absl::Seconds(3));
}

TEST(ExportRulesTest, GivesUpWhenTheNextTryWouldBeTooLate) {
  FailedExport failed = Failed(StatusCode::UNAVAILABLE);
  failed.give_up_at = kNow + absl::Seconds(1);
  EXPECT_FALSE(NextTry(failed).has_value());

  failed.give_up_at = kNow + absl::Milliseconds(1001);
  EXPECT_TRUE(NextTry(failed).has_value());
}

TEST(ExportRulesTest, ReadsTheDelayOutOfAStatus) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(2);
  info.mutable_retry_delay()->set_nanos(500'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(google::rpc::ErrorInfo());
  details.add_details()->PackFrom(info);
  const grpc::Status status(StatusCode::UNAVAILABLE, "", details.SerializeAsString());

  EXPECT_EQ(RetryDelayOf(status), absl::Milliseconds(2500));
  EXPECT_FALSE(RetryDelayOf({StatusCode::UNAVAILABLE, ""}).has_value());
  EXPECT_FALSE(RetryDelayOf({StatusCode::UNAVAILABLE, "", "\xff\xff"}).has_value());
}

}  // namespace
}  // namespace pgsluice
