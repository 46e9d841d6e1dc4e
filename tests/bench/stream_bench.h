// A million rows through StreamQuery, in both encodings, against psql.
#pragma once

#include "absl/status/status.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace pgsluice::bench {

absl::Status RunStreamBench(Rig& rig, const BenchOptions& options, Report& report);

}  // namespace pgsluice::bench
