#include "tests/bench/sample.h"

#include <algorithm>
#include <cmath>

namespace pgsluice::bench {

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const size_t index =
      std::min(values.size() - 1, static_cast<size_t>(std::max(1.0, rank)) - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<long>(index),
                   values.end());
  return values[index];
}

double Median(std::vector<double> values) { return Percentile(std::move(values), 0.5); }

double Largest(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

}  // namespace pgsluice::bench
