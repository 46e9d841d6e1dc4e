// PostgreSQL crashes under a fleet of gateways and comes back: how soon calls are served
// and all sessions are there again, and how many connects a second that takes.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunStormBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
