#include "pool/listeners.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(ListenersTest, TellsAllInOrder) {
  Listeners listeners;
  std::string told;
  for (const char name : {'a', 'b', 'c'}) {
    listeners.Add([&told, name] { told.push_back(name); });
  }

  listeners.Tell();
  listeners.Tell();

  EXPECT_EQ(told, "abcabc");
}

TEST(ListenersTest, ForgetsWhoIsRemoved) {
  Listeners listeners;
  std::string told;
  const auto first = listeners.Add([&told] { told.push_back('a'); });
  listeners.Add([&told] { told.push_back('b'); });

  listeners.Remove(first);
  listeners.Remove(first);
  listeners.Tell();

  EXPECT_EQ(told, "b");
}

TEST(ListenersTest, AListenerMayRemoveItselfAndAddAnother) {
  Listeners listeners;
  std::string told;
  Listeners::Id id = 0;
  id = listeners.Add([&] {
    told.push_back('a');
    listeners.Remove(id);
    listeners.Add([&told] { told.push_back('b'); });
  });

  listeners.Tell();
  EXPECT_EQ(told, "a") << "the new one is not told of what was before it";
  listeners.Tell();
  EXPECT_EQ(told, "ab");
}

TEST(ListenersTest, ToldByManyThreadsWhileOthersComeAndGo) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 1000;
  Listeners listeners;
  std::atomic<int> told{0};
  listeners.Add([&told] { ++told; });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&listeners] {
      for (int j = 0; j < kTimes; ++j) {
        const auto id = listeners.Add([] {});
        listeners.Tell();
        listeners.Remove(id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(told, kThreads * kTimes);
}

}  // namespace
}  // namespace pgsluice
