// Whose calls queue behind each other, and with which weight.
#include "server/caller.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

Fairness By(config::v1::FairBy by) {
  return {.by = by, .weights = {{"checkout", 5}, {"192.0.2.1", 3}, {"2001:db8::1", 4}}};
}

struct WeightCase {
  config::v1::FairBy by;
  const char* tag;
  const char* peer;
  uint32_t weight;
};
constexpr WeightCase kWeights[] = {
    {config::v1::FAIR_BY_NONE, "checkout", "ipv4:192.0.2.1:999", 1},
    {config::v1::FAIR_BY_TAG, "checkout", "ipv4:192.0.2.1:999", 5},
    {config::v1::FAIR_BY_TAG, "report", "ipv4:192.0.2.1:999", 1},
    {config::v1::FAIR_BY_TAG, "", "", 1},
    {config::v1::FAIR_BY_PEER, "checkout", "ipv4:192.0.2.1:999", 3},
    {config::v1::FAIR_BY_PEER, "", "ipv4:192.0.2.2:999", 1},
    {config::v1::FAIR_BY_PEER, "", "ipv6:[2001:db8::1]:999", 4},
    {config::v1::FAIR_BY_PEER, "", "ipv6:%5B2001:db8::1%5D:999", 4},
    {config::v1::FAIR_BY_PEER, "", "unix:/run/a.sock", 1},
};

TEST(CallerTest, WeightsAreLookedUpByWhatTellsCallersApart) {
  for (const WeightCase& c : kWeights) {
    EXPECT_EQ(CallerOf(By(c.by), {.tag = c.tag, .peer = c.peer, .name = {}}).weight,
              c.weight)
        << c.by << " " << c.tag << " " << c.peer;
  }
}

TEST(CallerTest, APortMakesNoOtherCaller) {
  const Fairness fairness = By(config::v1::FAIR_BY_PEER);
  EXPECT_EQ(CallerOf(fairness, {.tag = "a", .peer = "ipv4:192.0.2.7:1", .name = {}}).id,
            CallerOf(fairness, {.tag = "b", .peer = "ipv4:192.0.2.7:2", .name = {}}).id);
  EXPECT_NE(CallerOf(fairness, {.tag = "a", .peer = "ipv4:192.0.2.7:1", .name = {}}).id,
            CallerOf(fairness, {.tag = "a", .peer = "ipv4:192.0.2.8:1", .name = {}}).id);
}

TEST(CallerTest, TagsAreApartOnlyWhenAskedFor) {
  EXPECT_NE(
      CallerOf(By(config::v1::FAIR_BY_TAG), {.tag = "a", .peer = "", .name = {}}).id,
      CallerOf(By(config::v1::FAIR_BY_TAG), {.tag = "b", .peer = "", .name = {}}).id);
  EXPECT_EQ(
      CallerOf(By(config::v1::FAIR_BY_NONE), {.tag = "a", .peer = "", .name = {}}).id,
      CallerOf(By(config::v1::FAIR_BY_NONE), {.tag = "b", .peer = "", .name = {}}).id);
}

TEST(CallerTest, TheFirstOfTwoWeightsHolds) {
  config::v1::Pools pools;
  for (const uint32_t weight : {7u, 9u}) {
    config::v1::FairWeight& entry = *pools.add_fair_weights();
    entry.set_caller("a");
    entry.set_weight(weight);
  }
  pools.set_fair_by(config::v1::FAIR_BY_TAG);
  EXPECT_EQ(CallerOf(FairnessOf(pools), {.tag = "a", .peer = "", .name = {}}).weight, 7u);
}

}  // namespace
}  // namespace pgsluice
