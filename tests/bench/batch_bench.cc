#include "tests/bench/batch_bench.h"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/cpu_meter.h"
#include "tests/bench/grpc_load.h"
#include "tests/bench/pgbench_load.h"
#include "tests/bench/sample.h"
#include "tests/testing/gateway_client.h"

namespace pgsluice::bench {
namespace {

constexpr int kSteps = 100;
constexpr int kCallers = 4;
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);
constexpr double kMinRatio = 0.3;

// Statements a second, and microseconds of the gateway's CPU for each.
struct Figures {
  double per_second = 0;
  double gateway_cpu = 0;
};

class BatchCallers final {
 public:
  BatchCallers(int port, v1::BatchMode mode) {
    for (int i = 0; i < kCallers; ++i) {
      threads_.emplace_back([this, port, mode, i] { Call(port, mode, i); });
    }
  }
  ~BatchCallers() {
    is_over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  int64_t statements() const { return statements_; }
  int64_t failures() const { return failures_; }

 private:
  void Call(int port, v1::BatchMode mode, int seed) {
    testing::GatewayClient client(port);
    std::minstd_rand random(static_cast<uint32_t>(seed));
    v1::BatchRequest request;
    request.set_mode(mode);
    for (int i = 0; i < kSteps; ++i) {
      *request.add_steps()->mutable_statement() =
          testing::MakeStatement(kAccountSql, {testing::Int(1)});
    }
    while (!is_over_) {
      for (v1::BatchStep& step : *request.mutable_steps()) {
        step.mutable_statement()->mutable_parameters(0)->set_int64(
            1 + static_cast<int64_t>(random() % kAccounts));
      }
      grpc::ClientContext context;
      testing::SetDeadline(context, testing::kCallLimit);
      v1::BatchResponse response;
      const grpc::Status status = client.stub().Batch(&context, request, &response);
      const bool is_right = status.ok() && response.results_size() == kSteps &&
                            response.results(kSteps - 1).result().row_count() == 1;
      if (is_right) statements_ += kSteps;
      if (!is_right) ++failures_;
    }
  }

  std::atomic<bool> is_over_ = false;
  std::atomic<int64_t> statements_ = 0;
  std::atomic<int64_t> failures_ = 0;
  std::vector<std::thread> threads_;
};

absl::StatusOr<Figures> MeasureGateway(const Rig& rig, v1::BatchMode mode, int seconds) {
  const BatchCallers callers(rig.gateway->port(), mode);
  absl::SleepFor(kWarmUp);
  const double cpu = ProcessCpu(rig.gateway->pid());
  const int64_t before = callers.statements();
  const absl::Time begun = absl::Now();
  absl::SleepFor(absl::Seconds(seconds));
  const auto statements = static_cast<double>(callers.statements() - before);
  if (callers.failures() > 0 || statements == 0) {
    return absl::InternalError(absl::StrCat(callers.failures(), " batches failed"));
  }
  return Figures{
      .per_second = statements / absl::ToDoubleSeconds(absl::Now() - begun),
      .gateway_cpu = (ProcessCpu(rig.gateway->pid()) - cpu) / statements * 1e6};
}

absl::StatusOr<double> MeasurePgbench(const Rig& rig, int seconds) {
  const std::string script = rig.cluster->temp_path() + "/pipeline.sql";
  {
    std::ofstream out(script);
    out << "\\startpipeline\n";
    for (int i = 0; i < kSteps; ++i) {
      out << "\\set aid random(1, " << kAccounts << ")\n"
          << "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n";
    }
    out << "\\endpipeline\n";
  }
  const PgbenchTarget target{.bin_dir = rig.bin_dir,
                             .temp_path = rig.cluster->temp_path(),
                             .port = rig.postgres_port(),
                             .database = "postgres",
                             .protocol = "prepared",
                             .script = script};
  auto load = StartPgbenchLoad(target, kCallers, seconds + 1);
  if (!load.ok()) return load.status();
  absl::SleepFor(kWarmUp);
  Window window{.begin = absl::Now(), .end = {}};
  absl::SleepFor(absl::Seconds(seconds) - kWarmUp);
  window.end = absl::Now();
  const auto latencies = (*load)->Finish(window);
  if (!latencies.ok()) return latencies.status();
  return static_cast<double>(latencies->size()) * kSteps /
         absl::ToDoubleSeconds(window.end - window.begin);
}

}  // namespace

absl::Status RunBatchBench(Rig& rig, const BenchOptions& options, Report& report) {
  std::vector<double> atomic, independent, pgbench, atomic_cpu, independent_cpu, ratios;
  for (int round = 1; round <= options.rounds; ++round) {
    const auto one = MeasureGateway(rig, v1::BATCH_MODE_ATOMIC, options.seconds);
    const auto each = MeasureGateway(rig, v1::BATCH_MODE_INDEPENDENT, options.seconds);
    const auto direct = MeasurePgbench(rig, options.seconds);
    for (const absl::Status& status : {one.status(), each.status(), direct.status()}) {
      if (!status.ok()) return status;
    }
    std::fprintf(stderr, "round %d: atomic %.0f/s, independent %.0f/s, pgbench %.0f/s\n",
                 round, one->per_second, each->per_second, *direct);
    atomic.push_back(one->per_second);
    atomic_cpu.push_back(one->gateway_cpu);
    independent.push_back(each->per_second);
    independent_cpu.push_back(each->gateway_cpu);
    pgbench.push_back(*direct);
    ratios.push_back(one->per_second / *direct);
  }
  report.AddText(absl::StrCat("### Batches of ", kSteps, " statements\n\n`", kAccountSql,
                              "`; ", kCallers,
                              " callers, each with one batch at a time; ", "medians of ",
                              options.rounds, " interleaved rounds."));
  report.AddTable(
      {.header = {"system", "statements/s", "CPU us a statement: gateway"},
       .rows = {
           {"Batch, atomic", Decimal(Median(atomic), 0), Decimal(Median(atomic_cpu), 1)},
           {"Batch, independent", Decimal(Median(independent), 0),
            Decimal(Median(independent_cpu), 1)},
           {"pgbench, pipeline, prepared", Decimal(Median(pgbench), 0), "-"}}});
  const double ratio = Median(ratios);
  report.AddTarget({.what = "atomic Batch of 100 / pgbench's pipeline of 100",
                    .wanted = ">= " + Decimal(kMinRatio, 1),
                    .measured = Decimal(ratio, 2),
                    .is_reached = ratio >= kMinRatio});
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
