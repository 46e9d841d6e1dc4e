#include "tests/bench/storm_bench.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/testing/gateway_client.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::bench {
namespace {

constexpr int kGateways = 4;
constexpr int kSessions = 64;  // Of each gateway.
constexpr int kRate = 16;      // Connects a second, of each gateway.
constexpr int kBurst = 8;
// The rig's gateway has its own, and may open more.
constexpr char kCountSessions[] =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'storm'";
constexpr absl::Duration kLimit = absl::Minutes(1);

absl::StatusOr<int> CountSessions(Rig& rig) {
  const auto rows = rig.cluster->TrySql(0, kCountSessions);
  if (!rows.ok()) return rows.status();
  int sessions = 0;
  if (!absl::SimpleAtoi(rows->at(0).at(0).value_or(""), &sessions)) {
    return absl::InternalError("count(*) is no number");
  }
  return sessions;
}

struct Observed {
  absl::Time at;
  int sessions;
};

// The largest rise within a second.
int MostInASecond(const std::vector<Observed>& observed) {
  std::deque<Observed> window;
  int most = 0;
  for (const Observed& one : observed) {
    window.push_back(one);
    while (window.front().at < one.at - absl::Seconds(1)) window.pop_front();
    most = std::max(most, one.sessions - window.front().sessions);
  }
  return most;
}

}  // namespace

absl::Status RunStormBench(Rig& rig, const BenchOptions& /*options*/, Report& report) {
  BenchOptions fleet;
  fleet.sessions = kSessions;
  fleet.gateway_set = {"session.application_name=storm",
                       absl::StrCat("pools.primary.min_size=", kSessions),
                       absl::StrCat("pools.primary.connect_rate=", kRate),
                       absl::StrCat("pools.primary.connect_burst=", kBurst)};
  std::vector<std::unique_ptr<GatewayProcess>> gateways;
  for (int i = 0; i < kGateways; ++i) {
    auto gateway = StartGateway(rig, fleet);
    if (!gateway.ok()) return gateway.status();
    gateways.push_back(*std::move(gateway));
  }
  const auto all_there = [&] {
    return CountSessions(rig).value_or(0) >= kGateways * kSessions;
  };
  if (!testing::WaitFor("the fleet has its sessions", all_there, kLimit)) {
    return absl::DeadlineExceededError("the fleet does not get its sessions");
  }

  testing::PostgresServer& server = rig.cluster->server(0);
  absl::Status status = server.Stop(testing::StopMode::kImmediate);
  if (status.ok()) status = server.Start();
  if (!status.ok()) return status;
  const absl::Time back = absl::Now();
  absl::Duration slowest;
  for (const auto& gateway : gateways) {
    testing::GatewayClient client(gateway->port());
    if (!testing::WaitFor("calls are served",
                          [&] { return client.Query("SELECT 1").ok(); })) {
      return absl::DeadlineExceededError("calls are not served again");
    }
    slowest = absl::Now() - back;
  }
  std::vector<Observed> observed;
  const auto look = [&] {
    const auto sessions = CountSessions(rig);
    if (sessions.ok()) observed.push_back({absl::Now(), *sessions});
    return sessions.value_or(0) >= kGateways * kSessions;
  };
  if (!testing::WaitFor("all sessions are back", look, kLimit)) {
    return absl::DeadlineExceededError("the fleet does not get its sessions back");
  }
  const absl::Duration full = absl::Now() - back;
  const int most = MostInASecond(observed);
  constexpr int kAllowed = kGateways * (kRate + kBurst);

  report.AddText(absl::StrCat("### PostgreSQL crashes and comes back\n\n", kGateways,
                              " gateways of ", kSessions, " sessions, each with ", kRate,
                              " connects a second and bursts of ", kBurst, "."));
  report.AddTable(
      {.header = {"after its return", "figure"},
       .rows = {{"calls are served by all gateways",
                 Decimal(absl::ToDoubleMilliseconds(slowest), 0) + " ms"},
                {"all sessions are open", Decimal(absl::ToDoubleSeconds(full), 1) + " s"},
                {"most new sessions in a second", absl::StrCat(most)}}});
  report.AddTarget({.what = "reconnect storm: new sessions in a second",
                    .wanted = absl::StrCat("<= ", kAllowed),
                    .measured = absl::StrCat(most),
                    .is_reached = most > 0 && most <= kAllowed});
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
