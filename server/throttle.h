// How often things of one name may happen: a token bucket for each name, of log lines or
// of a peer's connections. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace pgsluice {

// So many at once, and a second over time. 0 a second: no bound.
struct RateBound {
  uint64_t per_second = 0;
  uint64_t burst = 1;

  bool operator==(const RateBound&) const = default;
};

class Throttle final {
 public:
  // `max_names`: most names told apart. They can come from outside, and are not to fill
  // memory; those beyond share one bucket.
  Throttle(RateBound bound, size_t max_names) : bound_(bound), max_names_(max_names) {}

  // From now on; forgets nothing.
  void set_bound(RateBound bound) { bound_ = bound; }

  // Nothing: it may not happen. Else how many times it has been kept from happening since
  // the last time it did.
  std::optional<uint64_t> Admit(std::string_view name, absl::Time now);

  // All that has been kept from happening.
  uint64_t suppressed() const { return suppressed_; }
  size_t names() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    absl::Time filled = absl::InfinitePast();
    uint64_t suppressed = 0;
  };

  Bucket& BucketOf(std::string_view name, absl::Time now);
  double Burst() const;
  // What is in it at `now`.
  double TokensOf(const Bucket& bucket, absl::Time now) const;
  // Those as good as new, but for what they would have told.
  void DropFull(absl::Time now);

  RateBound bound_;
  const size_t max_names_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  Bucket others_;
  absl::Time last_drop_ = absl::InfinitePast();
  uint64_t suppressed_ = 0;
};

}  // namespace pgsluice
