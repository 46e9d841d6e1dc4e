#include "tests/bench/stream_bench.h"

#include <cstdio>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/cpu_meter.h"
#include "tests/bench/sample.h"
#include "tests/testing/gateway_client.h"

namespace pgsluice::bench {
namespace {

constexpr absl::Duration kLimit = absl::Minutes(2);
constexpr double kMinPackedRatio = 1.0;

// About 100 bytes a row in text form.
constexpr char kMakeRows[] = R"(
  CREATE UNLOGGED TABLE bench_rows AS
  SELECT i AS id, md5(i::text) AS name, repeat('x', 60) AS note
  FROM generate_series(1::bigint, $1::bigint) AS i)";
constexpr char kSelectRows[] = "SELECT id, name, note FROM bench_rows";
constexpr char kCopyRows[] = "COPY bench_rows TO STDOUT";
// What psql needs to start and connect.
constexpr char kNothing[] = "SELECT 1";

enum class Reader { kPacked, kValues, kSelect, kCopy };
constexpr Reader kReaders[] = {Reader::kPacked, Reader::kValues, Reader::kSelect,
                               Reader::kCopy};

const char* TitleOf(Reader reader) {
  switch (reader) {
    case Reader::kPacked: return "StreamQuery, packed";
    case Reader::kValues: return "StreamQuery, values";
    case Reader::kSelect: return "psql -At, SELECT";
    case Reader::kCopy: return "psql, COPY";
  }
  return "";
}

// CPU in nanoseconds a row.
struct Figures {
  double rows_per_second = 0;
  double gateway_cpu = 0;
  double postgres_cpu = 0;
  double client_cpu = 0;
};

absl::Status Stream(Rig& rig, const BenchOptions& options, v1::RowEncoding encoding) {
  testing::GatewayClient client(rig.gateway->port());
  const testing::StreamAnswer answer =
      client.Stream(testing::MakeStreamQuery(kSelectRows, {}, encoding), kLimit);
  if (!answer.status.ok()) return absl::InternalError(answer.status.error_message());
  const uint64_t rows = options.stream_rows;
  const bool is_right = answer.is_well_formed && answer.has_trailer &&
                        answer.rows == rows && answer.trailer.row_count() == rows &&
                        answer.sum == rows * (rows + 1) / 2;
  return is_right ? absl::OkStatus() : absl::InternalError("wrong rows in the stream");
}

absl::Status RunPsql(Rig& rig, const char* sql) {
  testing::ProcessSpec spec;
  spec.argv = {rig.bin_dir + "/psql",
               "-X",
               "-At",
               "-h",
               "127.0.0.1",
               "-p",
               absl::StrCat(rig.postgres_port()),
               "-U",
               "postgres",
               "-c",
               sql,
               "postgres"};
  spec.stdout_path = "/dev/null";
  spec.stderr_path = rig.cluster->temp_path() + "/psql.log";
  const auto exit_status = testing::RunProcess(spec, kLimit);
  if (!exit_status.ok()) return exit_status.status();
  if (*exit_status == 0) return absl::OkStatus();
  return absl::InternalError("psql:\n" + testing::ReadFile(spec.stderr_path));
}

absl::Status Read(Rig& rig, const BenchOptions& options, Reader reader) {
  switch (reader) {
    case Reader::kPacked: return Stream(rig, options, v1::ROW_ENCODING_PACKED);
    case Reader::kValues: return Stream(rig, options, v1::ROW_ENCODING_VALUES);
    case Reader::kSelect: return RunPsql(rig, kSelectRows);
    case Reader::kCopy: return RunPsql(rig, kCopyRows);
  }
  return absl::InternalError("no such reader");
}

absl::StatusOr<Figures> Measure(Rig& rig, const BenchOptions& options, Reader reader) {
  const bool is_psql = reader == Reader::kSelect || reader == Reader::kCopy;
  absl::Duration start_up;
  if (is_psql) {
    const absl::Time begun = absl::Now();
    if (absl::Status status = RunPsql(rig, kNothing); !status.ok()) return status;
    start_up = absl::Now() - begun;
  }
  const auto client_cpu = [&] {
    return is_psql ? WaitedChildrenCpu() : ProcessCpu(getpid());
  };
  const double gateway = ProcessCpu(rig.gateway->pid());
  const double postgres = FamilyCpu(rig.postgres_pid);
  const double client = client_cpu();
  const absl::Time begun = absl::Now();
  if (absl::Status status = Read(rig, options, reader); !status.ok()) return status;
  const absl::Duration took = absl::Now() - begun - start_up;
  const double rows = options.stream_rows;
  return Figures{.rows_per_second = rows / absl::ToDoubleSeconds(took),
                 .gateway_cpu = (ProcessCpu(rig.gateway->pid()) - gateway) / rows * 1e9,
                 .postgres_cpu = (FamilyCpu(rig.postgres_pid) - postgres) / rows * 1e9,
                 .client_cpu = (client_cpu() - client) / rows * 1e9};
}

double MedianOf(const std::vector<Figures>& rounds, double Figures::* figure) {
  std::vector<double> values;
  for (const Figures& round : rounds) values.push_back(round.*figure);
  return Median(values);
}

void AddResults(const std::vector<Figures> (&rounds)[std::size(kReaders)],
                const BenchOptions& options, Report& report) {
  Table table{.header = {"reader", "rows/s", "CPU ns a row: gateway", "PostgreSQL",
                         "client", "/ psql -At"},
              .rows = {}};
  const auto ratio_of = [&](size_t i) {
    std::vector<double> ratios;
    for (size_t round = 0; round < rounds[i].size(); ++round) {
      const auto& psql = rounds[static_cast<size_t>(Reader::kSelect)][round];
      ratios.push_back(rounds[i][round].rows_per_second / psql.rows_per_second);
    }
    return Median(ratios);
  };
  for (size_t i = 0; i < std::size(kReaders); ++i) {
    const auto median = [&](double Figures::* figure) {
      return Decimal(MedianOf(rounds[i], figure), 0);
    };
    table.rows.push_back({TitleOf(kReaders[i]), median(&Figures::rows_per_second),
                          median(&Figures::gateway_cpu), median(&Figures::postgres_cpu),
                          median(&Figures::client_cpu), Decimal(ratio_of(i), 2)});
  }
  report.AddText(absl::StrCat("### ", options.stream_rows,
                              " rows of about 100 bytes\n\n`", kSelectRows,
                              "`; medians of ", options.rounds,
                              " interleaved rounds; psql without its start-up."));
  report.AddTable(table);
  const double packed = ratio_of(static_cast<size_t>(Reader::kPacked));
  report.AddTarget({.what = "StreamQuery packed: rows/s / `psql -At`",
                    .wanted = ">= " + Decimal(kMinPackedRatio, 1),
                    .measured = Decimal(packed, 2),
                    .is_reached = packed >= kMinPackedRatio});
}

}  // namespace

absl::Status RunStreamBench(Rig& rig, const BenchOptions& options, Report& report) {
  const auto made =
      rig.cluster->TrySql(0, kMakeRows, {absl::StrCat(options.stream_rows)});
  if (!made.ok()) return made.status();
  std::vector<Figures> rounds[std::size(kReaders)];
  for (int round = 0; round <= options.rounds; ++round) {
    for (size_t i = 0; i < std::size(kReaders); ++i) {
      auto figures = Measure(rig, options, kReaders[i]);
      if (!figures.ok()) return figures.status();
      std::fprintf(stderr, "round %d: %8.0f rows/s, %s\n", round,
                   figures->rows_per_second, TitleOf(kReaders[i]));
      // The first one warms caches up.
      if (round > 0) rounds[i].push_back(*figures);
    }
  }
  AddResults(rounds, options, report);
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
