// Many measured values, and what is said of them.
#pragma once

#include <vector>

namespace pgsluice::bench {

// `share` from 0 to 1; 0 when there are no values.
double Percentile(std::vector<double> values, double share);
double Median(std::vector<double> values);
double Largest(const std::vector<double>& values);

}  // namespace pgsluice::bench
