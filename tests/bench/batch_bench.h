// Batches of a hundred statements, beside pgbench's pipeline of a hundred.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunBatchBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
