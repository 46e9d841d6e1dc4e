#include "server/metrics/to_prometheus.h"

#include <limits>
#include <utility>

namespace pgsluice {

namespace {

constexpr double kNanosPerSecond = 1e9;
constexpr double kMicrosPerSecond = 1e6;

prometheus::MetricType TypeOf(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter: return prometheus::MetricType::Counter;
    case FamilyType::kGauge: return prometheus::MetricType::Gauge;
    case FamilyType::kHistogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram HistogramOf(const DurationHistogram& durations) {
  prometheus::ClientMetric::Histogram histogram;
  for (size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
    histogram.sample_count += durations.counts[i];
    prometheus::ClientMetric::Bucket& bucket = histogram.bucket.emplace_back();
    bucket.cumulative_count = histogram.sample_count;
    const bool is_last = i == DurationHistogram::kBoundsMicros.size();
    bucket.upper_bound =
        is_last
            ? std::numeric_limits<double>::infinity()
            : static_cast<double>(DurationHistogram::kBoundsMicros[i]) / kMicrosPerSecond;
  }
  histogram.sample_sum = static_cast<double>(durations.sum_nanos) / kNanosPerSecond;
  return histogram;
}

prometheus::ClientMetric MetricOf(const Family& family, const Series& series) {
  prometheus::ClientMetric metric;
  for (size_t i = 0; i < series.labels.size(); ++i) {
    metric.label.push_back({family.labels[i], series.labels[i]});
  }
  switch (family.type) {
    case FamilyType::kCounter: metric.counter.value = series.value; break;
    case FamilyType::kGauge: metric.gauge.value = series.value; break;
    case FamilyType::kHistogram: metric.histogram = HistogramOf(series.histogram); break;
  }
  return metric;
}

}  // namespace

std::vector<prometheus::MetricFamily> ToPrometheus(const Families& families) {
  std::vector<prometheus::MetricFamily> converted;
  converted.reserve(families.size());
  for (const Family& family : families) {
    prometheus::MetricFamily& made = converted.emplace_back();
    made.name = family.name;
    made.help = family.help;
    made.type = TypeOf(family.type);
    made.metric.reserve(family.series.size());
    for (const Series& series : family.series) {
      made.metric.push_back(MetricOf(family, series));
    }
  }
  return converted;
}

}  // namespace pgsluice
