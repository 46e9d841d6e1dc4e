// What authentication and tracing cost a call: gateways with and without them, in turns
// on the same load.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunCostsBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
