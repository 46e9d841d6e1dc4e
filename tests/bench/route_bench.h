// What it costs to decide where a call goes, with eight endpoints. In this process.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunRouteBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
