#include "tests/bench/overload_bench.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"

#include "tests/bench/open_load.h"
#include "tests/bench/sample.h"
#include "tests/testing/gateway_client.h"

namespace pgsluice::bench {
namespace {

// A session serves a hundred a second, so that the pool is what there is too little of,
// and not this machine's processor.
constexpr char kStatement[] = "SELECT pg_sleep(0.01)";
constexpr double kPerSecondOfASession = 100;
constexpr size_t kMaxWaiters = 50;
constexpr double kOverload = 3;
constexpr double kMinGoodput = 0.9;
constexpr double kMaxRejectionMs = 10;
constexpr absl::Duration kDeadline = absl::Seconds(2);

}  // namespace

absl::Status RunOverloadBench(Rig& rig, const BenchOptions& options, Report& report) {
  BenchOptions limited = options;
  limited.gateway_set.push_back(absl::StrCat("pools.primary.max_waiters=", kMaxWaiters));
  auto gateway = StartGateway(rig, limited);
  if (!gateway.ok()) return gateway.status();
  OpenLoadSettings load{.port = (*gateway)->port(),
                        .request = testing::MakeQuery(kStatement),
                        .per_second = 0,
                        .duration = absl::Seconds(std::max(options.seconds, 3)),
                        .deadline = kDeadline};

  // Opens the sessions, too.
  const double capacity = kPerSecondOfASession * options.sessions;
  Table table{.header = {"offered", "calls/s", "served/s", "p50 ms", "p99 ms",
                         "rejected/s", "rejections p99 ms", "failed"},
              .rows = {}};
  double peak = 0;
  double goodput = 0;
  double rejection = 0;
  const double seconds = absl::ToDoubleSeconds(load.duration);
  for (const double times : {1.0, 1.0, kOverload}) {
    load.per_second = capacity * times;
    const auto result = RunOpenLoad(load);
    if (!result.ok()) return result.status();
    if (!result->failure.empty()) {
      std::fprintf(stderr, "%zu failed: %s\n", result->failed, result->failure.c_str());
    }
    const double served = static_cast<double>(result->served.size()) / seconds;
    if (times == 1) {
      peak = std::max(peak, served);
    } else {
      goodput = served;
      rejection = Percentile(result->rejected, 0.99);
    }
    table.rows.push_back(
        {absl::StrCat(Decimal(times, 0), " x capacity"), Decimal(load.per_second, 0),
         Decimal(served, 0), Decimal(Percentile(result->served, 0.5), 1),
         Decimal(Percentile(result->served, 0.99), 1),
         Decimal(static_cast<double>(result->rejected.size()) / seconds, 0),
         Decimal(Percentile(result->rejected, 0.99), 2), absl::StrCat(result->failed)});
  }
  report.AddText(absl::StrCat("### Overload\n\n`", kStatement, "`, a pool of ",
                              options.sessions, " sessions and ", kMaxWaiters,
                              " waiters; calls at a fixed rate, without retries."));
  report.AddTable(table);
  report.AddTarget({.what = "goodput at 3 x capacity / peak",
                    .wanted = ">= " + Decimal(kMinGoodput, 1),
                    .measured = Decimal(goodput / peak, 2),
                    .is_reached = goodput >= kMinGoodput * peak});
  report.AddTarget({.what = "rejections at 3 x capacity, p99",
                    .wanted = "<= " + Decimal(kMaxRejectionMs, 0) + " ms",
                    .measured = Decimal(rejection, 2) + " ms",
                    .is_reached = rejection > 0 && rejection <= kMaxRejectionMs});
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
