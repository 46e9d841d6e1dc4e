#include "tests/bench/idle_bench.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/grpc_load.h"
#include "tests/bench/sample.h"
#include "tests/testing/gateway_client.h"

namespace pgsluice::bench {
namespace {

constexpr absl::Duration kIdleness = absl::Seconds(3);
constexpr int kWarmUpCalls = 20;
constexpr double kMaxWorstMs = 5;

// In milliseconds.
absl::StatusOr<double> TimeOneCall(testing::GatewayClient& client) {
  const absl::Time begun = absl::Now();
  const testing::Answer answer = client.Query(kAccountSql, {testing::Int(1)});
  const absl::Duration took = absl::Now() - begun;
  if (!answer.ok() || answer.response.row_count() != 1 || answer.at(0, 0).int64() != 0) {
    return absl::InternalError("wrong answer: " + answer.status.error_message());
  }
  return absl::ToDoubleMilliseconds(took);
}

}  // namespace

absl::Status RunIdleBench(Rig& rig, const BenchOptions& options, Report& report) {
  testing::GatewayClient client(rig.gateway->port());
  std::vector<double> first, second;
  for (int i = 0; i < kWarmUpCalls; ++i) {
    if (auto warm_up = TimeOneCall(client); !warm_up.ok()) return warm_up.status();
  }
  for (int i = 0; i < options.idle_probes; ++i) {
    absl::SleepFor(kIdleness);
    for (std::vector<double>* latencies : {&first, &second}) {
      const auto latency = TimeOneCall(client);
      if (!latency.ok()) return latency.status();
      latencies->push_back(*latency);
    }
  }
  const double worst = Largest(first);
  report.AddText(absl::StrCat("### First call after ", absl::FormatDuration(kIdleness),
                              " of idleness\n\n", options.idle_probes, " probes."));
  report.AddTable({.header = {"call", "median ms", "worst ms"},
                   .rows = {{"first", Decimal(Median(first), 2), Decimal(worst, 2)},
                            {"second, at once", Decimal(Median(second), 2),
                             Decimal(Largest(second), 2)}}});
  report.AddTarget({.what = "worst first call after seconds of idleness",
                    .wanted = "<= " + Decimal(kMaxWorstMs, 0) + " ms",
                    .measured = Decimal(worst, 2) + " ms",
                    .is_reached = worst <= kMaxWorstMs});
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
