#include "tests/bench/route_bench.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "pool/cluster.h"
#include "tests/testing/fake_session.h"

namespace pgsluice::bench {
namespace {

constexpr size_t kEndpoints = 8;
constexpr int kDecisions = 1'000'000;
constexpr double kMaxMicros = 1;

class FakeConnectors final : public ConnectorFactory {
 public:
  std::shared_ptr<Connector> Make(const Endpoint& /*endpoint*/, Role /*role*/,
                                  const SessionOptions& /*options*/) override {
    return std::make_shared<testing::FakeConnector>();
  }
};

// A primary and its replicas, all of them well.
class WellCluster final {
 public:
  WellCluster() {
    ClusterOptions options;
    options.pools.primary.min_size = options.pools.replica.min_size = 0;
    for (size_t i = 0; i < kEndpoints; ++i) {
      options.endpoints.push_back({.name = absl::StrCat("pg", i), .conninfo = ""});
    }
    cluster_ = std::make_unique<Cluster>(ClusterDeps{.options = options,
                                                     .connectors = &connectors_,
                                                     .clock = &clock_,
                                                     .on_change = {}});
    for (size_t i = 0; i < kEndpoints; ++i) {
      ProbeResult answer;
      answer.ok = true;
      answer.in_recovery = i > 0;
      answer.system_identifier = "1";
      answer.timeline = 1;
      answer.round_trip = absl::Milliseconds(1);
      answer.begun = answer.at = absl::Now();
      cluster_->OnProbe(options.endpoints[i], answer);
    }
  }
  Cluster& cluster() { return *cluster_; }

 private:
  SystemClock clock_;
  FakeConnectors connectors_;
  std::unique_ptr<Cluster> cluster_;
};

absl::StatusOr<double> Measure(Cluster& cluster, Intent intent) {
  RouteRequest request;
  request.intent = intent;
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kDecisions; ++i) {
    const absl::StatusOr<RouteDecision> decision = cluster.Decide(request);
    if (!decision.ok()) return decision.status();
    const bool is_right = (decision->endpoint == 0) == (intent == Intent::kWrite);
    if (!is_right) return absl::InternalError("a call was routed wrongly");
  }
  return absl::ToDoubleMicroseconds(absl::Now() - begun) / kDecisions;
}

}  // namespace

absl::Status RunRouteBench(Rig& /*rig*/, const BenchOptions& /*options*/,
                           Report& report) {
  WellCluster well;
  const auto write = Measure(well.cluster(), Intent::kWrite);
  if (!write.ok()) return write.status();
  const auto read = Measure(well.cluster(), Intent::kRead);
  if (!read.ok()) return read.status();
  report.AddText(absl::StrCat("### A routing decision\n\nOne primary and ", kEndpoints - 1,
                              " replicas; ", kDecisions, " decisions."));
  report.AddTable({.header = {"decision", "us"},
                   .rows = {{"write", Decimal(*write, 2)}, {"read", Decimal(*read, 2)}}});
  report.AddTarget({.what = "routing decision, 8 endpoints",
                    .wanted = absl::StrCat("<= ", Decimal(kMaxMicros, 0), " us"),
                    .measured = Decimal(*read, 2) + " us",
                    .is_reached = *read <= kMaxMicros});
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
