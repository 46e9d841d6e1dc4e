#include "server/metrics/family.h"

namespace pgsluice {

std::string_view FamilyTypeName(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter: return "counter";
    case FamilyType::kGauge: return "gauge";
    case FamilyType::kHistogram: return "histogram";
  }
  return "";
}

void Family::Add(std::initializer_list<std::string_view> label_values, double value) {
  Series& added = series.emplace_back();
  for (const std::string_view label : label_values) added.labels.emplace_back(label);
  added.value = value;
}

void Family::Add(std::initializer_list<std::string_view> label_values,
                 const DurationHistogram& histogram) {
  Add(label_values, 0.0);
  series.back().histogram = histogram;
}

Family Counter(std::string_view name, std::string_view help, double value) {
  Family family{.type = FamilyType::kCounter,
                .name = std::string(name),
                .labels = {},
                .help = std::string(help)};
  family.Add({}, value);
  return family;
}

Family Gauge(std::string_view name, std::string_view help, double value) {
  Family family = Counter(name, help, value);
  family.type = FamilyType::kGauge;
  return family;
}

}  // namespace pgsluice
