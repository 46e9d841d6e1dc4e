// What the pool itself costs: a lease from an idle pool, and one among a thousand
// waiters. In this process, with sessions that do nothing.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunAcquireBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
