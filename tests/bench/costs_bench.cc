#include "tests/bench/costs_bench.h"

#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/cpu_meter.h"
#include "tests/bench/grpc_load.h"
#include "tests/bench/sample.h"
#include "tests/testing/jwt_issuer.h"
#include "tests/testing/otlp_receiver.h"

namespace pgsluice::bench {
namespace {

using testing::OtlpReceiver;

constexpr int kInFlight = 32;
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);
constexpr absl::Duration kSlack = absl::Milliseconds(200);
constexpr absl::Duration kTokenLife = absl::Hours(1);
constexpr char kUnsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
// Of a Query that is not sent again: its own, `queue` and `execute`.
constexpr double kSpansPerCall = 3;

// Of one load. CPU in microseconds a request.
struct Figures {
  double per_second = 0;
  double p50_ms = 0;
  double gateway_cpu = 0;
  double postgres_cpu = 0;
  double span_share = 0;  // Of all spans there should be, those the collector has.
};

struct Variant {
  std::string title;
  std::vector<std::string> set;
  Metadata metadata = {};
  std::unique_ptr<OtlpReceiver> collector = {};  // Null: calls are not traced.
  std::unique_ptr<GatewayProcess> gateway = {};
  std::vector<Figures> rounds = {};
};

Variant Authenticated(const std::string& temp_path) {
  const testing::JwtIssuer issuer;
  const std::string keys = temp_path + "/costs.jwks";
  std::ofstream(keys) << issuer.Jwks();
  const std::string token =
      issuer.Sign(absl::StrCat(R"({"iss":"bench","aud":["gateway"],"sub":"app","exp":)",
                               absl::ToUnixSeconds(absl::Now() + kTokenLife), "}"));
  return {.title = "with a JSON Web Token, the same each time",
          .set = {"authentication.enabled=true", "authentication.jwt.jwks_file=" + keys,
                  "authentication.jwt.issuer=bench",
                  "authentication.jwt.audience=gateway", "callers[0].name=app"},
          .metadata = {{"authorization", "Bearer " + token}}};
}

absl::StatusOr<Variant> Traced(std::string title, const std::vector<std::string>& set) {
  Variant variant{.title = std::move(title), .set = set};
  variant.collector = OtlpReceiver::Start();
  if (variant.collector == nullptr) {
    return absl::UnavailableError("the collector has found no port");
  }
  variant.collector->Swallow();
  variant.set.push_back("tracing.endpoint=" + variant.collector->endpoint());
  return variant;
}

// The first one is what the others are compared with.
absl::StatusOr<std::vector<Variant>> StartVariants(Rig& rig,
                                                   const BenchOptions& options) {
  std::vector<Variant> variants;
  variants.push_back({.title = "neither", .set = {}});
  variants.push_back(Authenticated(rig.cluster->temp_path()));
  const std::string always = "tracing.sampler=ALWAYS_ON";
  auto traced = Traced("traced", {always});
  auto labelled = Traced("traced, with statement_context",
                         {always, "tracing.statement_context=APPLICATION_NAME"});
  auto unsampled = Traced("not sampled, as its traceparent says", {});
  if (unsampled.ok()) unsampled->metadata = {{"traceparent", kUnsampled}};
  for (absl::StatusOr<Variant>* variant : {&unsampled, &traced, &labelled}) {
    if (!variant->ok()) return variant->status();
    variants.push_back(*std::move(*variant));
  }
  for (Variant& variant : variants) {
    BenchOptions own = options;
    own.gateway_set.insert(own.gateway_set.end(), variant.set.begin(), variant.set.end());
    auto gateway = StartGateway(rig, own, variant.metadata);
    if (!gateway.ok()) return gateway.status();
    variant.gateway = *std::move(gateway);
  }
  return variants;
}

absl::StatusOr<Figures> Measure(const Rig& rig, const Variant& variant, int seconds) {
  const auto spans = [&variant] {
    return variant.collector == nullptr ? 0 : variant.collector->taken();
  };
  const pid_t pid = variant.gateway->pid();
  const auto load = StartGrpcLoad(variant.gateway->port(), kInFlight, variant.metadata);
  absl::SleepFor(kWarmUp);
  Window window{.begin = absl::Now(), .end = {}};
  const double gateway = ProcessCpu(pid);
  const double postgres = FamilyCpu(rig.postgres_pid);
  const size_t taken = spans();
  absl::SleepFor(absl::Seconds(seconds) - kWarmUp - kSlack);
  const double gateway_used = ProcessCpu(pid) - gateway;
  const double postgres_used = FamilyCpu(rig.postgres_pid) - postgres;
  const auto spans_taken = static_cast<double>(spans() - taken);
  window.end = absl::Now();

  const auto latencies = load->Finish(window);
  if (!latencies.ok()) return latencies.status();
  if (latencies->empty()) return absl::InternalError(variant.title + ": no answer");
  const auto requests = static_cast<double>(latencies->size());
  return Figures{
      .per_second = requests / absl::ToDoubleSeconds(window.end - window.begin),
      .p50_ms = Percentile(*latencies, 0.5),
      .gateway_cpu = gateway_used / requests * 1e6,
      .postgres_cpu = postgres_used / requests * 1e6,
      .span_share = spans_taken / requests / kSpansPerCall};
}

double MedianOf(const Variant& variant, double Figures::* figure) {
  std::vector<double> values;
  for (const Figures& round : variant.rounds) values.push_back(round.*figure);
  return Median(values);
}

// Median of each round's ratio.
double RatioOf(const Variant& variant, const Variant& other, double Figures::* figure) {
  std::vector<double> ratios;
  for (size_t i = 0; i < variant.rounds.size(); ++i) {
    ratios.push_back(variant.rounds[i].*figure / other.rounds[i].*figure);
  }
  return Median(ratios);
}

Table TableOf(const std::vector<Variant>& variants) {
  Table table{.header = {"calls", "requests/s", "p50 ms", "CPU us: gateway", "PostgreSQL",
                         "gateway / neither", "PostgreSQL / neither",
                         "spans that got to the collector"},
              .rows = {}};
  const Variant& plain = variants.front();
  for (const Variant& variant : variants) {
    const double share = MedianOf(variant, &Figures::span_share);
    table.rows.push_back({variant.title,
                          Decimal(MedianOf(variant, &Figures::per_second), 0),
                          Decimal(MedianOf(variant, &Figures::p50_ms), 2),
                          Decimal(MedianOf(variant, &Figures::gateway_cpu), 1),
                          Decimal(MedianOf(variant, &Figures::postgres_cpu), 1),
                          Decimal(RatioOf(variant, plain, &Figures::gateway_cpu), 2),
                          Decimal(RatioOf(variant, plain, &Figures::postgres_cpu), 2),
                          share == 0 ? "-" : Decimal(share * 100, 0) + " %"});
  }
  return table;
}

}  // namespace

absl::Status RunCostsBench(Rig& rig, const BenchOptions& options, Report& report) {
  auto variants = StartVariants(rig, options);
  if (!variants.ok()) return variants.status();
  for (int round = 1; round <= options.rounds; ++round) {
    for (Variant& variant : *variants) {
      auto figures = Measure(rig, variant, options.seconds);
      if (!figures.ok()) return figures.status();
      std::fprintf(stderr, "round %d: %8.0f/s, %5.1f us, %s\n", round,
                   figures->per_second, figures->gateway_cpu, variant.title.c_str());
      variant.rounds.push_back(*figures);
    }
  }
  report.AddText(absl::StrCat(
      "### Authentication and tracing\n\n`", kAccountSql, "`, ", kInFlight,
      " in flight, without TLS; pools of ", options.sessions, " sessions; medians of ",
      options.rounds,
      " interleaved rounds. The gateway's CPU is that of the whole process, the export "
      "of spans included; the collector, which counts spans and forgets them, is in the "
      "client's process."));
  report.AddTable(TableOf(*variants));
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
