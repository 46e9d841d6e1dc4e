#include "pool/dial_gate.h"

#include <algorithm>

namespace pgsluice {

namespace {

// So long without a word of it, the server is no longer taken to be full: a pool that
// nobody asks for more sessions would never find out.
constexpr int kFullForIntervals = 12;

}  // namespace

DialGate::DialGate(const PoolOptions& options)
    : backoff_(options.backoff_initial, options.backoff_max) {
  Reconfigure(options);
  tokens_ = burst_;
}

void DialGate::Reconfigure(const PoolOptions& options) {
  max_size_ = options.max_size;
  max_concurrent_ = options.max_concurrent_connects;
  rate_ = options.connect_rate;
  burst_ = std::max<double>(1, static_cast<double>(options.connect_burst));
  retry_delay_ = options.connect_retry_delay;
  full_retry_interval_ = options.full_retry_interval;
  backoff_.Reconfigure(options.backoff_initial, options.backoff_max);
  tokens_ = std::min(tokens_, burst_);
  if (lowered_.has_value() && *lowered_ >= max_size_) lowered_.reset();
}

double DialGate::TokensAt(absl::Time now) const {
  if (tokens_at_ == absl::InfinitePast()) return tokens_;
  const double gained = absl::ToDoubleSeconds(now - tokens_at_) * rate_;
  return std::min(burst_, tokens_ + std::max(0.0, gained));
}

size_t DialGate::MayStart(size_t wanted, size_t connecting, absl::Time now) const {
  if (now < shut_until_) return 0;
  // After a failure one dial finds out; the others wait for its answer.
  const size_t concurrent = failures() > 0 ? 1 : max_concurrent_;
  const size_t free = concurrent > connecting ? concurrent - connecting : 0;
  size_t allowed = std::min(wanted, free);
  if (rate_ > 0) allowed = std::min(allowed, static_cast<size_t>(TokensAt(now)));
  return allowed;
}

void DialGate::OnStart(size_t dials, absl::Time now) {
  tokens_ = std::max(0.0, TokensAt(now) - static_cast<double>(dials));
  tokens_at_ = now;
}

void DialGate::OnSuccess(absl::Time now) {
  backoff_.Reset();
  shut_until_ = absl::InfinitePast();
  if (!lowered_.has_value()) return;
  // There is room again: one more, and a pause before the next.
  Lower(MaxOpen(now) + 1, now);
  shut_until_ = now + full_retry_interval_;
  if (*lowered_ >= max_size_) {
    lowered_.reset();
    shut_until_ = absl::InfinitePast();
  }
}

void DialGate::OnFailure(bool is_full, size_t open, bool has_waiters, absl::Time now,
                         double random) {
  absl::Duration delay = backoff_.NextDelay(random);
  if (has_waiters) delay = std::min(delay, retry_delay_);
  if (is_full) {
    // One above what there is, so that a later dial finds out about room.
    Lower(std::min(max_size_, open + 1), now);
    delay = open > 0 ? full_retry_interval_ : delay;
  }
  shut_until_ = now + delay;
}

void DialGate::Lower(size_t target, absl::Time now) {
  lowered_ = target;
  lowered_until_ = now + kFullForIntervals * full_retry_interval_;
}

size_t DialGate::MaxOpen(absl::Time now) const {
  return now < lowered_until_ ? lowered_.value_or(max_size_) : max_size_;
}

}  // namespace pgsluice
