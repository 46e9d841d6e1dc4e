// Families as prometheus-cpp has them.
#pragma once

#include <prometheus/metric_family.h>
#include <vector>

#include "server/metrics/family.h"

namespace pgsluice {

std::vector<prometheus::MetricFamily> ToPrometheus(const Families& families);

}  // namespace pgsluice
