#include "server/throttle.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

namespace {

// Between two looks for buckets to drop: each looks at all of them.
constexpr absl::Duration kBetweenDrops = absl::Seconds(1);

}  // namespace

std::optional<uint64_t> Throttle::Admit(std::string_view name, absl::Time now) {
  if (bound_.per_second == 0) return 0;
  Bucket& bucket = BucketOf(name, now);
  bucket.tokens = TokensOf(bucket, now);
  bucket.filled = now;
  if (bucket.tokens < 1) {
    ++bucket.suppressed;
    ++suppressed_;
    return std::nullopt;
  }
  bucket.tokens -= 1;
  return std::exchange(bucket.suppressed, 0);
}

Throttle::Bucket& Throttle::BucketOf(std::string_view name, absl::Time now) {
  const auto found = buckets_.find(name);
  if (found != buckets_.end()) return found->second;
  if (buckets_.size() >= max_names_) DropFull(now);
  if (buckets_.size() >= max_names_) return others_;
  return buckets_[std::string(name)];
}

double Throttle::Burst() const {
  return static_cast<double>(std::max<uint64_t>(bound_.burst, 1));
}

// A new bucket was filled an eternity ago, and so is full. A clock may be set back.
double Throttle::TokensOf(const Bucket& bucket, absl::Time now) const {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - bucket.filled));
  return std::min(Burst(),
                  bucket.tokens + seconds * static_cast<double>(bound_.per_second));
}

void Throttle::DropFull(absl::Time now) {
  if (now < last_drop_ + kBetweenDrops) return;
  last_drop_ = now;
  std::erase_if(buckets_, [&](const auto& entry) {
    return TokensOf(entry.second, now) >= Burst();
  });
}

}  // namespace pgsluice
