// How long the first call takes after some seconds without any.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunIdleBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
