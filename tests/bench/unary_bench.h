// One prepared SELECT by key, over and over: the gateway, PgBouncer and PostgreSQL
// itself, in turns, so that a noisy minute hits all of them.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunUnaryBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
