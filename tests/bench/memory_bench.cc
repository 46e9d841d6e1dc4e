#include "tests/bench/memory_bench.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/bench/cpu_meter.h"
#include "tests/bench/grpc_load.h"
#include "tests/testing/gateway_client.h"

namespace pgsluice::bench {
namespace {

constexpr absl::Duration kSettleTime = absl::Seconds(2);
constexpr absl::Duration kLoadTime = absl::Seconds(2);
constexpr int kLoadInFlight = 128;
constexpr absl::Duration kLimit = absl::Minutes(5);

// The reader sleeps now and then, long enough for every buffer on the way to fill.
constexpr int64_t kBytesBetweenPauses = 16 << 20;
constexpr absl::Duration kPause = absl::Milliseconds(100);
constexpr absl::Duration kFirstPause = absl::Seconds(3);

// 1000 bytes a row, none of them stored.
constexpr char kLargeResult[] =
    "SELECT repeat('x', 1000) FROM generate_series(1::bigint, $1::bigint)";
constexpr int kRowsPerMegabyte = 1000;

constexpr double kMaxIdleMiB = 40;
constexpr double kMaxSlowReaderMiB = 64;

double MiB(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

absl::Status ReadSlowly(int port, int megabytes) {
  testing::GatewayClient client(port);
  const uint64_t rows = static_cast<uint64_t>(megabytes) * kRowsPerMegabyte;
  grpc::ClientContext context;
  testing::SetDeadline(context, kLimit);
  const auto reader = client.stub().StreamQuery(
      &context,
      testing::MakeStreamQuery(kLargeResult, {testing::Int(static_cast<int64_t>(rows))},
                               v1::ROW_ENCODING_PACKED));
  v1::StreamQueryResponse part;
  uint64_t received_rows = 0;
  int64_t until_pause = 0;
  absl::Duration pause = kFirstPause;
  while (reader->Read(&part)) {
    received_rows += part.rows().row_count();
    until_pause -= static_cast<int64_t>(part.ByteSizeLong());
    if (until_pause > 0) continue;
    absl::SleepFor(pause);
    pause = kPause;
    until_pause = kBytesBetweenPauses;
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return absl::InternalError(status.error_message());
  return received_rows == rows ? absl::OkStatus()
                               : absl::InternalError("rows are missing");
}

void AddTarget(const std::string& what, double wanted, double measured, Report& report) {
  report.AddTarget({.what = what,
                    .wanted = "<= " + Decimal(wanted, 0) + " MiB",
                    .measured = Decimal(measured, 1) + " MiB",
                    .is_reached = measured <= wanted});
}

}  // namespace

absl::Status RunMemoryBench(Rig& rig, const BenchOptions& options, Report& report) {
  auto gateway = StartGateway(rig, options);
  if (!gateway.ok()) return gateway.status();
  const pid_t pid = (*gateway)->pid();
  absl::SleepFor(kSettleTime);
  const double idle = MiB(ResidentBytes(pid));

  ResetPeak(pid);
  absl::Status status = ReadSlowly((*gateway)->port(), options.slow_reader_megabytes);
  if (!status.ok()) return status;
  const double slow_reader = MiB(PeakResidentBytes(pid));

  ResetPeak(pid);
  const auto load = StartGrpcLoad((*gateway)->port(), kLoadInFlight);
  absl::SleepFor(kLoadTime);
  const auto answers = load->Finish({absl::InfinitePast(), absl::InfiniteFuture()});
  if (!answers.ok()) return answers.status();
  const double loaded = MiB(PeakResidentBytes(pid));

  report.AddText("### Resident memory of the gateway");
  report.AddTable(
      {.header = {"state", "MiB"},
       .rows = {{"idle, just started", Decimal(idle, 1)},
                {absl::StrCat("most while a slow reader drains ",
                              options.slow_reader_megabytes, " MB"),
                 Decimal(slow_reader, 1)},
                {absl::StrCat("most under load, ", kLoadInFlight, " calls in flight"),
                 Decimal(loaded, 1)}}});
  AddTarget("idle gateway: resident memory", kMaxIdleMiB, idle, report);
  AddTarget("resident memory with a slow reader", kMaxSlowReaderMiB, slow_reader, report);
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
