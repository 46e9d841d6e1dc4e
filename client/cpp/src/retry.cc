#include "client/cpp/src/retry.h"

#include <algorithm>
#include <random>

#include "absl/time/clock.h"

#include "pgsluice/client/error.h"

namespace pgsluice::client {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
constexpr absl::Duration kMaxBackoff = absl::Seconds(1);

absl::Duration Doubled(const Attempt& attempt) {
  return std::min(kFirstBackoff * (1 << std::min(attempt.number - 1, 10)), kMaxBackoff);
}

// The gateway's own delay, if it gave one, else doubling; at least half of it stays.
absl::Duration Backoff(const Error& error, const Attempt& attempt) {
  const absl::Duration delay = Doubled(attempt) * (0.5 + 0.5 * attempt.jitter);
  return std::max(delay, error.retry_delay().value_or(absl::ZeroDuration()));
}

// What collided must not come back together: all of the doubling is left to chance, and
// comes on top of the gateway's own delay.
absl::Duration ScatteredBackoff(const Error& error, const Attempt& attempt) {
  return error.retry_delay().value_or(absl::ZeroDuration()) +
         Doubled(attempt) * attempt.jitter;
}

}  // namespace

std::optional<absl::Duration> RetryCallAfter(const absl::Status& failure,
                                             const Attempt& attempt) {
  if (failure.ok() || attempt.number >= attempt.max_attempts) return std::nullopt;
  const Error error(failure);
  const bool allowed =
      error.has_verdict()
          ? error.retry_scope() == v1::RETRY_SCOPE_STATEMENT
          : attempt.intent == Intent::kRead && absl::IsUnavailable(failure);
  if (!allowed) return std::nullopt;
  return Backoff(error, attempt);
}

std::optional<absl::Duration> RetryTransactionAfter(const absl::Status& failure,
                                                    const Attempt& attempt) {
  if (failure.ok() || attempt.number >= attempt.max_attempts) return std::nullopt;
  const Error error(failure);
  if (error.retry_scope() != v1::RETRY_SCOPE_TRANSACTION &&
      error.retry_scope() != v1::RETRY_SCOPE_STATEMENT) {
    return std::nullopt;
  }
  return ScatteredBackoff(error, attempt);
}

bool SleepBefore(absl::Duration delay, absl::Time deadline) {
  if (absl::Now() + delay >= deadline) return false;
  absl::SleepFor(delay);
  return true;
}

double RandomJitter() {
  thread_local std::minstd_rand generator{std::random_device()()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace pgsluice::client
