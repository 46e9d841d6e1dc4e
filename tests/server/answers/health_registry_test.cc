#include "server/health_registry.h"

#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr std::string_view kService = "pgsluice.v1.GatewayService";

HealthFacts FactsOf(int bits, ReadinessRequires requires_pools) {
  return {.started = (bits & 1) != 0,
          .draining = (bits & 2) != 0,
          .primary_usable = (bits & 4) != 0,
          .replica_usable = (bits & 8) != 0,
          .readiness_requires = requires_pools};
}

TEST(IsServing, FollowsTheFactsInEveryCombination) {
  for (const auto requires_pools :
       {ReadinessRequires::kPrimary, ReadinessRequires::kAny, ReadinessRequires::kAll}) {
    for (int bits = 0; bits < 16; ++bits) {
      const HealthFacts facts = FactsOf(bits, requires_pools);
      const bool primary = facts.primary_usable;
      const bool replica = facts.replica_usable;
      bool has_pools = primary;
      if (requires_pools == ReadinessRequires::kAny) has_pools = primary || replica;
      if (requires_pools == ReadinessRequires::kAll) has_pools = primary && replica;
      const bool is_ready = facts.started && !facts.draining && has_pools;

      EXPECT_EQ(IsServing("liveness", facts), true) << bits;
      EXPECT_EQ(IsServing("startup", facts), facts.started) << bits;
      EXPECT_EQ(IsServing("", facts), !facts.draining) << bits;
      EXPECT_EQ(IsServing("readiness", facts), is_ready) << bits;
      EXPECT_EQ(IsServing(kService, facts), is_ready) << bits;
      EXPECT_EQ(IsServing("pool.primary", facts), primary && !facts.draining) << bits;
      EXPECT_EQ(IsServing("pool.replica", facts), replica && !facts.draining) << bits;
    }
  }
}

TEST(IsServing, KnowsNoOtherNames) {
  for (const std::string_view name : {"Liveness", "pool", "pgsluice.v1", " "}) {
    EXPECT_EQ(IsServing(name, HealthFacts{}), std::nullopt) << name;
  }
}

TEST(HealthRegistry, TellsListenersOfChangesOnly) {
  HealthRegistry registry(HealthFacts{});
  int calls = 0;
  registry.listeners().Add([&calls] { ++calls; });
  const uint64_t version = registry.state().version;

  registry.Update([](HealthFacts& facts) { facts.started = false; });
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(registry.state().version, version);

  registry.Update([](HealthFacts& facts) { facts.started = true; });
  EXPECT_EQ(calls, 1);
  EXPECT_GT(registry.state().version, version);
  EXPECT_TRUE(registry.state().facts.started);
}

TEST(HealthRegistry, LosesNoChangeAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kChanges = 1000;
  HealthRegistry registry(HealthFacts{});
  const uint64_t version = registry.state().version;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&registry] {
      for (int j = 0; j < kChanges; ++j) {
        registry.Update(
            [](HealthFacts& facts) { facts.primary_usable = !facts.primary_usable; });
        registry.listeners().Remove(registry.listeners().Add([] {}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.state().version, version + kThreads * kChanges);
  EXPECT_FALSE(registry.state().facts.primary_usable);
}

}  // namespace
}  // namespace pgsluice
