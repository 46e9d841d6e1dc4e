#include "pool/sample.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::Optional;

const absl::Time kNow = absl::FromUnixSeconds(1000);

EndpointView Answering(Role role) {
  EndpointView view;
  view.name = "pg-0";
  view.role = role;
  view.is_reachable = true;
  view.last.emplace();
  view.last->ok = true;
  view.last->latency = absl::Milliseconds(3);
  if (role == Role::kReplica) view.lag.time = absl::Seconds(2);
  return view;
}

PoolStats BusyPool() {
  PoolStats stats;
  stats.endpoint = "pg-0";
  stats.open = 5;
  stats.leased = 3;
  stats.idle = 1;
  stats.waiters = 2;
  stats.max_size = 6;
  stats.oldest_wait = absl::Seconds(1);
  return stats;
}

TEST(SampleTest, HoldsTheFiguresOfThePoolAndTheProbe) {
  const PoolStats pool = BusyPool();

  const Sample sample = TakeSample(Answering(Role::kReplica), &pool, kNow);

  EXPECT_EQ(sample.at, kNow);
  EXPECT_EQ(sample.role, Role::kReplica);
  EXPECT_EQ(sample.total, 5U);
  EXPECT_EQ(sample.active, 3U);
  EXPECT_EQ(sample.idle, 1U);
  EXPECT_EQ(sample.waiting, 2U);
  EXPECT_EQ(sample.max_size, 6U);
  EXPECT_EQ(sample.oldest_wait, absl::Seconds(1));
  EXPECT_THAT(sample.response_time, Optional(absl::Milliseconds(3)));
  EXPECT_THAT(sample.lag, Optional(absl::Seconds(2)));
  EXPECT_TRUE(sample.is_valid());
}

TEST(SampleTest, APrimaryHasNoLag) {
  EXPECT_THAT(TakeSample(Answering(Role::kPrimary), nullptr, kNow).lag,
              Optional(absl::ZeroDuration()));
}

TEST(SampleTest, SaysWhyThereIsNoResponseTime) {
  EndpointView never;
  EndpointView failing = Answering(Role::kPrimary);
  failing.last->ok = false;
  failing.last->error = "connection refused";
  EndpointView hanging = Answering(Role::kReplica);
  hanging.is_reachable = false;

  EXPECT_EQ(TakeSample(never, nullptr, kNow).error, "no answer yet");
  EXPECT_EQ(TakeSample(failing, nullptr, kNow).error, "connection refused");
  EXPECT_EQ(TakeSample(hanging, nullptr, kNow).error, "no answer in time");
  for (const EndpointView& view : {never, failing, hanging}) {
    const Sample sample = TakeSample(view, nullptr, kNow);
    EXPECT_FALSE(sample.is_valid());
    EXPECT_EQ(sample.response_time, std::nullopt);
    EXPECT_EQ(sample.lag, std::nullopt);
  }
}

TEST(SampleTest, IsTakenOfThePoolInService) {
  Topology topology;
  topology.endpoints = {Answering(Role::kPrimary), Answering(Role::kReplica)};
  topology.endpoints[1].name = "pg-1";
  PoolStats retired = BusyPool();
  retired.is_retired = true;
  retired.open = 9;
  PoolStats other_login = BusyPool();
  other_login.login = "reports";
  other_login.open = 8;

  const std::vector<EndpointSample> samples =
      TakeSamples(topology, {retired, other_login, BusyPool()}, kNow);

  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[1].endpoint, "pg-1");
  EXPECT_EQ(samples[0].sample.total, 5U);
  EXPECT_EQ(samples[1].sample.total, 0U);
}

}  // namespace
}  // namespace pgsluice
