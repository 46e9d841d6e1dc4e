#include "tests/bench/metrics_bench.h"

#include <atomic>
#include <memory>
#include <prometheus/text_serializer.h>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "server/metrics/gateway_snapshot.h"
#include "server/metrics/to_prometheus.h"

namespace pgsluice::bench {
namespace {

constexpr int kCalls = 2'000'000;
constexpr int kScrapes = 50;
constexpr size_t kEndpoints = 10;
constexpr double kMaxCallMicros = 1;

// All that is counted of one Query that succeeds.
void CountCall(ShardMetrics& shard, absl::Time started) {
  RpcCounters& rpc = shard.rpcs.of(RpcMethod::kQuery);
  rpc.OnStarted();
  rpc.OnReceived();
  shard.routes.Count({}, Role::kPrimary, "write");
  shard.statements.Count({.role = Role::kPrimary,
                          .sql = "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
                          .execute = absl::Microseconds(300),
                          .rows = 1,
                          .bytes = 12,
                          .status = absl::OkStatus()});
  rpc.OnSent();
  rpc.OnHandled(0, absl::Now() - started);
}

double MeasureCall(ShardMetrics& shard) {
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kCalls; ++i) CountCall(shard, begun);
  return absl::ToDoubleMicroseconds(absl::Now() - begun) / kCalls;
}

// The same, while somebody reads all the time.
double MeasureCallUnderScrapes(ShardMetrics& shard) {
  std::atomic<bool> is_over{false};
  std::thread reader([&] {
    while (!is_over) {
      ShardTotals totals;
      totals.Add(shard);
    }
  });
  const double micros = MeasureCall(shard);
  is_over = true;
  reader.join();
  return micros;
}

struct Scrape {
  double millis = 0;
  size_t bytes = 0;
};

Scrape MeasureScrape() {
  std::vector<std::unique_ptr<ShardMetrics>> shards;
  for (int i = 0; i < 2; ++i) shards.push_back(std::make_unique<ShardMetrics>());
  CountCall(*shards.front(), absl::Now());
  GatewaySnapshot snapshot;
  for (size_t i = 0; i < kEndpoints; ++i) {
    EndpointView& view = snapshot.topology.endpoints.emplace_back();
    view.name = absl::StrCat("db", i, ".example.org:5432");
    view.role = i == 0 ? Role::kPrimary : Role::kReplica;
    PoolStats& pool = snapshot.pools.emplace_back();
    pool.endpoint = view.name;
    pool.role = view.role;
  }
  Scrape scrape;
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kScrapes; ++i) {
    snapshot.shards = AddUp(shards);
    snapshot.process = ReadProcessStats();
    scrape.bytes = prometheus::TextSerializer()
                       .Serialize(ToPrometheus(AllFamilies(snapshot)))
                       .size();
  }
  scrape.millis = absl::ToDoubleMilliseconds(absl::Now() - begun) / kScrapes;
  return scrape;
}

}  // namespace

absl::Status RunMetricsBench(Rig& /*rig*/, const BenchOptions& /*options*/,
                             Report& report) {
  const auto shard = std::make_unique<ShardMetrics>();
  const double alone = MeasureCall(*shard);
  const double scraped = MeasureCallUnderScrapes(*shard);
  const Scrape scrape = MeasureScrape();
  report.AddText(absl::StrCat("### Metrics\n\nWhat is counted of a `Query`, ", kCalls,
                              " times; a scrape of a gateway with ", kEndpoints,
                              " endpoints."));
  report.AddTable(
      {.header = {"metrics", ""},
       .rows = {{"counting one call", Decimal(alone, 3) + " us"},
                {"the same, read without a pause", Decimal(scraped, 3) + " us"},
                {"one scrape", Decimal(scrape.millis, 2) + " ms, " +
                                   absl::StrCat(scrape.bytes / 1024, " KiB")}}});
  report.AddTarget({.what = "metrics: counting one call",
                    .wanted = absl::StrCat("<= ", Decimal(kMaxCallMicros, 0), " us"),
                    .measured = Decimal(alone, 3) + " us",
                    .is_reached = alone <= kMaxCallMicros});
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
