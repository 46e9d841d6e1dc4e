// A family of series: one name, its help, and a value for each set of labels. Value;
// knows no library for metrics.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pool/duration_histogram.h"

namespace pgsluice {

enum class FamilyType { kCounter, kGauge, kHistogram };
// "counter", as Prometheus writes it.
std::string_view FamilyTypeName(FamilyType type);

struct Series {
  // Values, in the order of the family's labels; without the last ones, which it has not.
  std::vector<std::string> labels;
  double value = 0;
  DurationHistogram histogram = {};  // Of a histogram, in place of `value`.
};

struct Family {
  FamilyType type = FamilyType::kGauge;
  std::string name;
  std::vector<std::string> labels;  // Names.
  std::string help;                 // One sentence, without its full stop.
  std::vector<Series> series = {};

  void Add(std::initializer_list<std::string_view> label_values, double value);
  void Add(std::initializer_list<std::string_view> label_values, uint64_t value) {
    Add(label_values, static_cast<double>(value));
  }
  void Add(std::initializer_list<std::string_view> label_values,
           const DurationHistogram& histogram);
};

using Families = std::vector<Family>;

// Of one series without labels.
Family Counter(std::string_view name, std::string_view help, double value);
Family Gauge(std::string_view name, std::string_view help, double value);

// Seconds, as Prometheus wants durations.
inline double InSeconds(absl::Duration duration) {
  return absl::ToDoubleSeconds(duration);
}

}  // namespace pgsluice
