#include "pool/sample_history.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "pool/latency_histogram.h"

namespace pgsluice {

namespace {

CountSummary SummarizeCount(const std::deque<Sample>& samples, size_t Sample::* count) {
  if (samples.empty()) return {};
  CountSummary summary{.min = std::numeric_limits<size_t>::max()};
  double sum = 0;
  for (const Sample& sample : samples) {
    summary.min = std::min(summary.min, sample.*count);
    summary.max = std::max(summary.max, sample.*count);
    sum += static_cast<double>(sample.*count);
  }
  summary.average = sum / static_cast<double>(samples.size());
  return summary;
}

DurationSummary SummarizeResponseTime(const std::deque<Sample>& samples) {
  DurationSummary summary{.min = absl::InfiniteDuration()};
  LatencyHistogram histogram;
  absl::Duration sum;
  for (const Sample& sample : samples) {
    if (!sample.response_time.has_value()) continue;
    const absl::Duration time = *sample.response_time;
    histogram.Add(time);
    sum += time;
    summary.min = std::min(summary.min, time);
    summary.max = std::max(summary.max, time);
  }
  if (histogram.count() == 0) return {};
  summary.average = sum / static_cast<int64_t>(histogram.count());
  summary.p50 = histogram.Percentile(0.50);
  summary.p95 = histogram.Percentile(0.95);
  summary.p99 = histogram.Percentile(0.99);
  return summary;
}

}  // namespace

SampleSummary Summarize(const std::deque<Sample>& samples) {
  SampleSummary summary;
  summary.samples = samples.size();
  if (samples.empty()) return summary;
  summary.valid = std::count_if(samples.begin(), samples.end(),
                                [](const Sample& sample) { return sample.is_valid(); });
  summary.error_rate = static_cast<double>(summary.samples - summary.valid) /
                       static_cast<double>(summary.samples);
  summary.oldest = samples.front().at;
  summary.total = SummarizeCount(samples, &Sample::total);
  summary.active = SummarizeCount(samples, &Sample::active);
  summary.idle = SummarizeCount(samples, &Sample::idle);
  summary.waiting = SummarizeCount(samples, &Sample::waiting);
  summary.response_time = SummarizeResponseTime(samples);
  return summary;
}

SampleHistory::SampleHistory(size_t capacity)
    : capacity_(std::max<size_t>(1, capacity)) {}

void SampleHistory::set_capacity(size_t capacity) {
  capacity_ = std::max<size_t>(1, capacity);
  while (samples_.size() > capacity_) DropOldest();
}

void SampleHistory::DropOldest() {
  if (!samples_.front().is_valid()) --failures_;
  samples_.pop_front();
}

void SampleHistory::Add(Sample sample) {
  if (samples_.size() == capacity_) DropOldest();
  if (!sample.is_valid()) ++failures_;
  samples_.push_back(std::move(sample));
}

std::vector<Sample> SampleHistory::Latest(size_t count) const {
  const size_t taken = std::min(count, samples_.size());
  return {samples_.end() - static_cast<std::ptrdiff_t>(taken), samples_.end()};
}

double SampleHistory::error_rate() const {
  if (samples_.empty()) return 0;
  return static_cast<double>(failures_) / static_cast<double>(samples_.size());
}

}  // namespace pgsluice
