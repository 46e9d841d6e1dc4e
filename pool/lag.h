// How far replicas are behind, told by the gateway's own clock from what the primary's
// probes have said: neither a replica that is cut off (and has replayed all it received)
// nor a primary that writes nothing can mislead it. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace pgsluice {

struct Lag {
  // Absent before a primary has been seen.
  std::optional<uint64_t> bytes = {};
  // For how long the primary has been ahead; zero when it is not. Absent before a primary
  // has been seen.
  std::optional<absl::Duration> time = {};
  // What the primary had written by then is replayed. The infinite past: not known.
  absl::Time caught_up_at = absl::InfinitePast();
};

// What a replica has replayed.
struct ReplayPoint {
  uint64_t lsn = 0;
  bool is_on_old_timeline = false;  // It does not follow the primary there is.
  // Since the last commit replayed was made, by the servers' clocks; absent: unknown.
  std::optional<absl::Duration> age = {};
};

// Where the primary was, and when.
class LsnHistory final {
 public:
  // The primary had written up to `lsn` at a time not before `at`. Times must not fall.
  void Add(uint32_t timeline, uint64_t lsn, absl::Time at);
  Lag LagOf(const ReplayPoint& replayed, absl::Time now) const;

  uint32_t timeline() const { return timeline_; }
  size_t size() const { return samples_.size(); }
  static constexpr size_t kMaxSamples = 128;

 private:
  struct Sample {
    uint64_t lsn;
    absl::Time first;  // When it was seen there first, and last.
    absl::Time last;
  };
  // Keeps reaching back, with wider gaps between what is old.
  void Thin();

  uint32_t timeline_ = 0;
  std::vector<Sample> samples_;  // LSNs and times rise.
};

}  // namespace pgsluice
