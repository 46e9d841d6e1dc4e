// The latest samples of one endpoint, at most so many, and what they come to. Rules file.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "absl/time/time.h"

#include "pool/sample.h"

namespace pgsluice {

struct CountSummary {
  double average = 0;
  size_t min = 0;
  size_t max = 0;
};

struct DurationSummary {
  absl::Duration average = absl::ZeroDuration();
  absl::Duration min = absl::ZeroDuration();
  absl::Duration max = absl::ZeroDuration();
  // From a histogram: at most 1/16 above the exact value.
  absl::Duration p50 = absl::ZeroDuration();
  absl::Duration p95 = absl::ZeroDuration();
  absl::Duration p99 = absl::ZeroDuration();
};

struct SampleSummary {
  size_t samples = 0;
  size_t valid = 0;       // Those without an error.
  double error_rate = 0;  // Share of those with one, 0 to 1.
  absl::Time oldest;      // When the first of them was taken.
  // Of all samples.
  CountSummary total;
  CountSummary active;
  CountSummary idle;
  CountSummary waiting;
  // Of valid ones.
  DurationSummary response_time;
};

SampleSummary Summarize(const std::deque<Sample>& samples);

class SampleHistory final {
 public:
  // At least one is kept.
  explicit SampleHistory(size_t capacity);

  void set_capacity(size_t capacity);
  // The oldest makes room.
  void Add(Sample sample);

  const std::deque<Sample>& samples() const { return samples_; }  // Oldest first.
  // The latest `count` of them, oldest first.
  std::vector<Sample> Latest(size_t count) const;
  size_t failures() const { return failures_; }
  double error_rate() const;

 private:
  void DropOldest();

  size_t capacity_;
  std::deque<Sample> samples_;
  size_t failures_ = 0;  // Samples with an error.
};

}  // namespace pgsluice
