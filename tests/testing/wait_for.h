// Waits for a condition by looking at it again and again until a limit: what a test
// uses instead of sleeping for a guessed time.
#pragma once

#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace pgsluice::testing {

// Generous: only a failing test ever waits that long.
inline constexpr absl::Duration kWaitLimit = absl::Seconds(20);
// Between two looks.
inline constexpr absl::Duration kLookInterval = absl::Milliseconds(5);

// `what` completes the sentence "timed out waiting until ...".
template <typename Condition>
::testing::AssertionResult WaitFor(std::string_view what, Condition condition,
                                   absl::Duration limit = kWaitLimit) {
  const absl::Time deadline = absl::Now() + limit;
  while (!condition()) {
    if (absl::Now() > deadline) {
      return ::testing::AssertionFailure() << "timed out waiting until " << what;
    }
    absl::SleepFor(kLookInterval);
  }
  return ::testing::AssertionSuccess();
}

}  // namespace pgsluice::testing
