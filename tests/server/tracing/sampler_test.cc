#include "server/tracing/sampler.h"

#include <cmath>
#include <limits>

#include "absl/random/random.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using Kind = Sampler::Kind;

// With these last eight bytes.
TraceId Id(uint64_t number) {
  TraceId id;
  id.bytes[0] = 1;
  for (int i = 0; i < 8; ++i) {
    id.bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  }
  return id;
}

TraceParent Parent(bool is_sampled) {
  return {.trace_id = Id(7), .span_id = {{1}}, .is_sampled = is_sampled};
}

TEST(SamplerTest, ACallerThatSaysSoDecidesIfItIsAsked) {
  for (const Kind kind : {Kind::kAlwaysOn, Kind::kAlwaysOff, Kind::kTraceIdRatio}) {
    const Sampler parent_based{.kind = kind, .is_parent_based = true, .ratio = 0.5};
    EXPECT_TRUE(IsSampled(parent_based, Id(7), Parent(true)));
    EXPECT_FALSE(IsSampled(parent_based, Id(7), Parent(false)));
  }
  const Sampler on{.kind = Kind::kAlwaysOn, .is_parent_based = false};
  const Sampler off{.kind = Kind::kAlwaysOff, .is_parent_based = false};
  EXPECT_TRUE(IsSampled(on, Id(7), Parent(false)));
  EXPECT_FALSE(IsSampled(off, Id(7), Parent(true)));
}

TEST(SamplerTest, WithoutACallerItsOwnKindDecides) {
  for (const bool is_parent_based : {true, false}) {
    const Sampler on{.kind = Kind::kAlwaysOn, .is_parent_based = is_parent_based};
    const Sampler off{.kind = Kind::kAlwaysOff, .is_parent_based = is_parent_based};
    EXPECT_TRUE(IsSampled(on, Id(7), std::nullopt));
    EXPECT_FALSE(IsSampled(off, Id(7), std::nullopt));
  }
}

TEST(SamplerTest, TheRatioIsThatOfTheTraceIdsLastBits) {
  struct Case {
    double ratio;
    uint64_t number;
    bool is_sampled;
  };
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const Case cases[] = {
      {0, 0, false},        {0, kMost, false},
      {-1, 0, false},       {std::nan(""), 0, false},
      {1, kMost, true},     {2, kMost, true},
      {0.5, 0, true},       {0.5, kHalf - 1, true},
      {0.5, kHalf, false},  {0.5, kMost, false},
      {0.25, kHalf, false}, {0.25, kHalf / 2 - 1, true},
      {1e-18, 0, true},     {1e-18, 100, false},
      {1e-30, 0, false},    {0.9999999999999999, kMost, false},
  };
  for (const Case& c : cases) {
    const Sampler sampler{
        .kind = Kind::kTraceIdRatio, .is_parent_based = false, .ratio = c.ratio};
    EXPECT_EQ(IsSampled(sampler, Id(c.number), std::nullopt), c.is_sampled)
        << c.ratio << " " << c.number;
  }
}

TEST(SamplerTest, ARatioTakesItsShareOfRandomIds) {
  absl::BitGen random;
  const Sampler sampler{.kind = Kind::kTraceIdRatio, .ratio = 0.1};
  constexpr int kIds = 20'000;
  int sampled = 0;
  for (int i = 0; i < kIds; ++i) {
    if (IsSampled(sampler, Id(absl::Uniform<uint64_t>(random)), std::nullopt)) ++sampled;
  }
  // Some ten standard deviations.
  EXPECT_NEAR(sampled, kIds / 10, 450);
}

}  // namespace
}  // namespace pgsluice
