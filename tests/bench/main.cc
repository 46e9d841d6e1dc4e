// pgsluice_bench: how fast the gateway is, beside PgBouncer and PostgreSQL on the same
// machine in the same minutes. Progress goes to standard error, the report to standard
// output.
#include <cstdio>

#include "absl/strings/str_cat.h"

#include "tests/bench/acquire_bench.h"
#include "tests/bench/batch_bench.h"
#include "tests/bench/bench_options.h"
#include "tests/bench/costs_bench.h"
#include "tests/bench/idle_bench.h"
#include "tests/bench/machine.h"
#include "tests/bench/memory_bench.h"
#include "tests/bench/metrics_bench.h"
#include "tests/bench/overload_bench.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"
#include "tests/bench/route_bench.h"
#include "tests/bench/storm_bench.h"
#include "tests/bench/stream_bench.h"
#include "tests/bench/unary_bench.h"

namespace pgsluice::bench {
namespace {

using Bench = absl::Status (*)(Rig&, const BenchOptions&, Report&);

struct Part {
  const char* name;
  Bench run;
};

constexpr Part kParts[] = {{"unary", RunUnaryBench},
                           {"idle", RunIdleBench},
                           {"stream", RunStreamBench},
                           {"memory", RunMemoryBench},
                           {"batch", RunBatchBench},
                           {"acquire", RunAcquireBench},
                           {"metrics", RunMetricsBench},
                           {"costs", RunCostsBench},
                           {"route", RunRouteBench},
                           {"overload", RunOverloadBench},
                           // The last: it restarts PostgreSQL.
                           {"storm", RunStormBench}};

absl::Status Run(const BenchOptions& options) {
  auto rig = StartRig(options);
  if (!rig.ok()) return rig.status();
  Report report;
  report.AddText(absl::StrCat("`", options.command, "`"));
  report.AddText(DescribeMachine(*rig));
  for (const Part& part : kParts) {
    if (!options.Wants(part.name)) continue;
    std::fprintf(stderr, "%s\n", part.name);
    if (absl::Status status = part.run(*rig, options, report); !status.ok())
      return status;
  }
  std::fputs(report.ToMarkdown().c_str(), stdout);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const ParsedOptions parsed = ParseOptions(argc, argv);
  if (parsed.is_over) return parsed.exit_status;
  const absl::Status status = Run(parsed.options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "pgsluice_bench: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace pgsluice::bench

int main(int argc, char** argv) { return pgsluice::bench::Main(argc, argv); }
