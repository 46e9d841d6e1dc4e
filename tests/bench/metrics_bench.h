// What the metrics cost: counting one call, and one scrape. In this process.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunMetricsBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
