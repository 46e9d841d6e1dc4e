// Resident memory of a fresh gateway: idle, and while a slow reader drains a result that
// is larger than any buffer.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunMemoryBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
