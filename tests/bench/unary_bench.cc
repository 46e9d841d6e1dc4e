#include "tests/bench/unary_bench.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/cpu_meter.h"
#include "tests/bench/grpc_load.h"
#include "tests/bench/pgbench_load.h"
#include "tests/bench/sample.h"

namespace pgsluice::bench {
namespace {

// Of each load's time: left out before and after what is counted.
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);
constexpr absl::Duration kSlack = absl::Milliseconds(200);

constexpr double kMaxGatewayMicros = 60;
constexpr double kMinRatioAt32 = 0.7;
constexpr double kMinRatioAt128 = 0.8;

// Of one load. CPU in microseconds a request.
struct Figures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double middle_cpu = 0;
  double postgres_cpu = 0;
  double client_cpu = 0;
};

struct CpuSeconds {
  double middle;
  double postgres;
  double client;
};

struct System {
  std::string key;
  std::string title;
  pid_t middle_pid;
  // For pgbench; empty for the gateway.
  PgbenchTarget target;
};

std::vector<System> SystemsOf(const Rig& rig, const BenchOptions& options) {
  const auto pgbench = [&](int port, std::string database, std::string protocol) {
    return PgbenchTarget{.bin_dir = rig.bin_dir,
                         .temp_path = rig.cluster->temp_path(),
                         .port = port,
                         .database = std::move(database),
                         .protocol = std::move(protocol)};
  };
  std::vector<System> all = {{"gateway", "pgsluiced", rig.gateway->pid(), {}}};
  if (rig.pgbouncer != nullptr) {
    const int port = rig.pgbouncer->port();
    const pid_t pid = rig.pgbouncer->pid();
    all.push_back({"transaction", "PgBouncer, transaction pooling, extended", pid,
                   pgbench(port, "transaction", "extended")});
    all.push_back({"session", "PgBouncer, session pooling, prepared", pid,
                   pgbench(port, "session", "prepared")});
  }
  all.push_back({"direct", "PostgreSQL direct, prepared", 0,
                 pgbench(rig.postgres_port(), "postgres", "prepared")});
  std::erase_if(all, [&](const System& system) {
    return std::find(options.systems.begin(), options.systems.end(), system.key) ==
           options.systems.end();
  });
  return all;
}

absl::StatusOr<std::unique_ptr<Load>> StartLoad(const Rig& rig, const System& system,
                                                int in_flight, int seconds) {
  if (system.target.port == 0) return StartGrpcLoad(rig.gateway->port(), in_flight);
  return StartPgbenchLoad(system.target, in_flight, seconds);
}

absl::StatusOr<Figures> Measure(const Rig& rig, const System& system, int in_flight,
                                int seconds) {
  auto load = StartLoad(rig, system, in_flight, seconds);
  if (!load.ok()) return load.status();
  const auto read_cpu = [&] {
    return CpuSeconds{.middle = ProcessCpu(system.middle_pid),
                      .postgres = FamilyCpu(rig.postgres_pid),
                      .client = (*load)->client_cpu()};
  };
  absl::SleepFor(kWarmUp);
  Window window{.begin = absl::Now(), .end = {}};
  const CpuSeconds before = read_cpu();
  absl::SleepFor(absl::Seconds(seconds) - kWarmUp - kSlack);
  const CpuSeconds after = read_cpu();
  window.end = absl::Now();

  auto latencies = (*load)->Finish(window);
  if (!latencies.ok()) return latencies.status();
  if (latencies->empty()) return absl::InternalError(system.title + " answered nothing");
  const double requests = static_cast<double>(latencies->size());
  return Figures{
      .per_second = requests / absl::ToDoubleSeconds(window.end - window.begin),
      .p50_ms = Percentile(*latencies, 0.5),
      .p99_ms = Percentile(*latencies, 0.99),
      .middle_cpu = (after.middle - before.middle) / requests * 1e6,
      .postgres_cpu = (after.postgres - before.postgres) / requests * 1e6,
      .client_cpu = (after.client - before.client) / requests * 1e6};
}

// By system and requests in flight, a value a round.
using Rounds = std::map<std::pair<std::string, int>, std::vector<Figures>>;

double MedianOf(const std::vector<Figures>& rounds, double Figures::* figure) {
  std::vector<double> values;
  for (const Figures& round : rounds) values.push_back(round.*figure);
  return Median(values);
}

// Median of each round's ratio; 0 when one of them was not measured.
double ThroughputRatio(const Rounds& rounds, const std::string& other, int in_flight) {
  const auto ours = rounds.find({"gateway", in_flight});
  const auto theirs = rounds.find({other, in_flight});
  if (ours == rounds.end() || theirs == rounds.end()) return 0;
  std::vector<double> ratios;
  for (size_t i = 0; i < ours->second.size(); ++i) {
    ratios.push_back(ours->second[i].per_second / theirs->second[i].per_second);
  }
  return Median(ratios);
}

void AddFigures(const std::vector<System>& systems, const Rounds& rounds,
                const BenchOptions& options, Report& report) {
  Table table{.header = {"in flight", "system", "requests/s", "p50 ms", "p99 ms",
                         "CPU us: gateway or PgBouncer", "PostgreSQL", "client"},
              .rows = {}};
  for (const int in_flight : options.in_flight) {
    for (const System& system : systems) {
      const auto& figures = rounds.at({system.key, in_flight});
      const auto median = [&](double Figures::* figure, int digits) {
        return Decimal(MedianOf(figures, figure), digits);
      };
      table.rows.push_back(
          {absl::StrCat(in_flight), system.title, median(&Figures::per_second, 0),
           median(&Figures::p50_ms, 2), median(&Figures::p99_ms, 2),
           system.middle_pid == 0 ? "-" : median(&Figures::middle_cpu, 1),
           median(&Figures::postgres_cpu, 1), median(&Figures::client_cpu, 1)});
    }
  }
  report.AddTable(table);
}

void AddRatios(const Rounds& rounds, const BenchOptions& options, Report& report) {
  Table table{.header = {"in flight", "throughput / PgBouncer transaction pooling",
                         "/ PgBouncer session pooling", "/ PostgreSQL direct"},
              .rows = {}};
  for (const int in_flight : options.in_flight) {
    std::vector<std::string> row = {absl::StrCat(in_flight)};
    for (const char* other : {"transaction", "session", "direct"}) {
      const double ratio = ThroughputRatio(rounds, other, in_flight);
      row.push_back(ratio == 0 ? "-" : Decimal(ratio, 2));
    }
    table.rows.push_back(row);
  }
  report.AddTable(table);
}

void AddRatioTarget(const Rounds& rounds, int in_flight, double wanted, Report& report) {
  const double ratio = ThroughputRatio(rounds, "transaction", in_flight);
  if (ratio == 0) return;
  report.AddTarget({.what = absl::StrCat("throughput / PgBouncer transaction pooling, ",
                                         in_flight, " in flight"),
                    .wanted = ">= " + Decimal(wanted, 1),
                    .measured = Decimal(ratio, 2),
                    .is_reached = ratio >= wanted});
}

void AddTargets(const Rounds& rounds, Report& report) {
  if (const auto at_32 = rounds.find({"gateway", 32}); at_32 != rounds.end()) {
    const double micros = MedianOf(at_32->second, &Figures::middle_cpu);
    report.AddTarget({.what = "unary Query: gateway CPU a request, 32 in flight",
                      .wanted = "<= " + Decimal(kMaxGatewayMicros, 0) + " us",
                      .measured = Decimal(micros, 1) + " us",
                      .is_reached = micros <= kMaxGatewayMicros});
  }
  AddRatioTarget(rounds, 32, kMinRatioAt32, report);
  AddRatioTarget(rounds, 128, kMinRatioAt128, report);
}

}  // namespace

absl::Status RunUnaryBench(Rig& rig, const BenchOptions& options, Report& report) {
  const std::vector<System> systems = SystemsOf(rig, options);
  Rounds rounds;
  for (int round = 1; round <= options.rounds; ++round) {
    for (const int in_flight : options.in_flight) {
      for (const System& system : systems) {
        auto figures = Measure(rig, system, in_flight, options.seconds);
        if (!figures.ok()) return figures.status();
        std::fprintf(stderr, "round %d, %3d in flight: %8.0f/s, %5.1f us, %s\n", round,
                     in_flight, figures->per_second, figures->middle_cpu,
                     system.title.c_str());
        rounds[{system.key, in_flight}].push_back(*figures);
      }
    }
  }
  report.AddText(absl::StrCat("### One statement a call\n\n`", kAccountSql,
                              "`; pools of ", options.sessions, " sessions; medians of ",
                              options.rounds, " interleaved rounds."));
  AddFigures(systems, rounds, options, report);
  AddRatios(rounds, options, report);
  AddTargets(rounds, report);
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
