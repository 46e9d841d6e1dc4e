// Looks up a series among families.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/metrics/family.h"

namespace pgsluice {

// Null when there is none, or several.
inline const Family* FindFamily(const Families& families, const std::string& name) {
  const Family* found = nullptr;
  for (const Family& family : families) {
    if (family.name != name) continue;
    if (found != nullptr) return nullptr;
    found = &family;
  }
  return found;
}

inline const Series* FindSeries(const Families& families, const std::string& name,
                                const std::vector<std::string>& labels = {}) {
  const Family* family = FindFamily(families, name);
  if (family == nullptr) return nullptr;
  const Series* found = nullptr;
  for (const Series& series : family->series) {
    if (series.labels != labels) continue;
    if (found != nullptr) return nullptr;
    found = &series;
  }
  return found;
}

inline std::optional<double> ValueOf(const Families& families, const std::string& name,
                                     const std::vector<std::string>& labels = {}) {
  const Series* series = FindSeries(families, name, labels);
  if (series == nullptr) return std::nullopt;
  return series->value;
}

}  // namespace pgsluice
