// Three times as many calls as the pool can serve: what is still served, and how soon the
// others hear that they are not.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunOverloadBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
