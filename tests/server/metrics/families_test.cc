// What holds for all families, and what is told of calls, endpoints and the process.
#include <regex>
#include <set>

#include "gtest/gtest.h"

#include "server/metrics/gateway_snapshot.h"
#include "tests/server/metrics/find_series.h"

namespace pgsluice {
namespace {

GatewaySnapshot SnapshotOfAll() {
  GatewaySnapshot snapshot;
  snapshot.now = absl::FromUnixSeconds(1000);
  snapshot.reloaded_at = absl::FromUnixSeconds(900);
  snapshot.pools.resize(2);
  snapshot.pools[0].endpoint = "a";
  snapshot.pools[0].role = Role::kPrimary;
  snapshot.pools[1].endpoint = "b";
  snapshot.pools[1].role = Role::kReplica;
  snapshot.process = ReadProcessStats();
  snapshot.ports = {{.name = "main",
                     .open = 3,
                     .accepted = 5,
                     .refused = {{"max_connections", 0}, {"no_descriptor", 2}},
                     .cut = {{"max_process_bytes", 1}}},
                    {.name = "admin", .refused = {{"max_connections", 0}}}};
  return snapshot;
}

TEST(Families, HaveNamesHelpAndBaseUnits) {
  const std::regex name("(pgsluice|grpc|process)_[a-z0-9_]+");
  std::set<std::string> names;
  for (const Family& family : AllFamilies(SnapshotOfAll())) {
    EXPECT_TRUE(std::regex_match(family.name, name)) << family.name;
    EXPECT_TRUE(names.insert(family.name).second) << family.name << " is there twice";
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_NE(family.help.back(), '.') << family.name;
    const bool is_total = family.name.ends_with("_total");
    EXPECT_EQ(is_total, family.type == FamilyType::kCounter) << family.name;
    if (family.type == FamilyType::kHistogram) {
      EXPECT_TRUE(family.name.ends_with("_seconds")) << family.name;
    }
    const std::regex other_unit(".*_(ms|us|milliseconds|kib|mib|percent)(_total)?");
    EXPECT_FALSE(std::regex_match(family.name, other_unit)) << family.name;
  }
}

TEST(Families, GiveEachSeriesItsLabelsOnce) {
  for (const Family& family : AllFamilies(SnapshotOfAll())) {
    std::set<std::vector<std::string>> seen;
    for (const Series& series : family.series) {
      // Those of the endpoints' own login have none of its name.
      const bool may_lack_one = !family.labels.empty() && family.labels.back() == "login";
      EXPECT_EQ(series.labels.size() + (may_lack_one ? 1 : 0), family.labels.size())
          << family.name;
      EXPECT_TRUE(seen.insert(series.labels).second) << family.name;
    }
  }
}

TEST(Families, BeginAtZeroBeforeTheFirstCall) {
  const Families families = AllFamilies(SnapshotOfAll());

  EXPECT_EQ(
      ValueOf(families, "grpc_server_handled_total",
              {"unary", "pgsluice.v1.GatewayService", "Query", "ResourceExhausted"}),
      0);
  EXPECT_EQ(ValueOf(families, "pgsluice_transactions_total", {"stream", "unknown"}), 0);
  EXPECT_EQ(ValueOf(families, "pgsluice_routing_total", {"write", "primary", "write"}),
            0);
  EXPECT_EQ(ValueOf(families, "pgsluice_routing_total", {"write", "replica", "read"}),
            std::nullopt)
      << "a write never goes there";
}

TEST(Families, TellCallsByMethodAndCode) {
  ShardMetrics shard;
  RpcCounters& query = shard.rpcs.of(RpcMethod::kQuery);
  query.OnStarted();
  query.OnReceived();
  query.OnSent();
  query.OnHandled(0, absl::Milliseconds(3));
  query.OnHandled(8, absl::Seconds(2));
  query.OnHandled(99, absl::Seconds(2));
  GatewaySnapshot snapshot = SnapshotOfAll();
  snapshot.shards.Add(shard);

  const Families families = AllFamilies(snapshot);

  const std::vector<std::string> labels = {"unary", "pgsluice.v1.GatewayService",
                                           "Query"};
  const auto handled = [&](const char* code) {
    return ValueOf(families, "grpc_server_handled_total",
                   {labels[0], labels[1], labels[2], code});
  };
  EXPECT_EQ(handled("OK"), 1);
  EXPECT_EQ(handled("ResourceExhausted"), 1);
  EXPECT_EQ(handled("Unknown"), 1) << "what is no code";
  EXPECT_EQ(handled("Internal"), 0);
  EXPECT_EQ(ValueOf(families, "grpc_server_started_total", labels), 1);
  EXPECT_EQ(ValueOf(families, "grpc_server_msg_received_total", labels), 1);
  EXPECT_EQ(ValueOf(families, "grpc_server_msg_sent_total", labels), 1);
  const Series* time = FindSeries(families, "grpc_server_handling_seconds", labels);
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(time->histogram.count(), 3u);
  EXPECT_EQ(time->histogram.sum_nanos, 4'003'000'000u);
}

TEST(Families, TellConnectionsByPort) {
  const Families families = AllFamilies(SnapshotOfAll());

  EXPECT_EQ(ValueOf(families, "pgsluice_server_connections", {"main"}), 3);
  EXPECT_EQ(ValueOf(families, "pgsluice_server_connections", {"admin"}), 0);
  EXPECT_EQ(ValueOf(families, "pgsluice_server_connections_accepted_total", {"main"}), 5);
  EXPECT_EQ(ValueOf(families, "pgsluice_server_connections_refused_total",
                    {"main", "no_descriptor"}),
            2);
  EXPECT_EQ(ValueOf(families, "pgsluice_server_connections_refused_total",
                    {"main", "max_connections"}),
            0);
}

TEST(Families, TellEndpointsApart) {
  GatewaySnapshot snapshot = SnapshotOfAll();
  EndpointView primary;
  primary.name = "a";
  primary.role = Role::kPrimary;
  primary.is_reachable = true;
  primary.last_ok.emplace().at = snapshot.now - absl::Seconds(3);
  primary.lag = {.bytes = 0, .time = absl::ZeroDuration()};
  EndpointView replica = primary;
  replica.name = "b";
  replica.role = Role::kReplica;
  replica.lag = {.bytes = 512, .time = absl::Milliseconds(1500)};
  EndpointView lost;
  lost.name = "c";
  lost.ejection.emplace();
  snapshot.topology.endpoints = {primary, replica, lost};

  const Families families = AllFamilies(snapshot);

  EXPECT_EQ(ValueOf(families, "pgsluice_backend_up", {"a", "primary"}), 1);
  EXPECT_EQ(ValueOf(families, "pgsluice_backend_up", {"c", "unknown"}), 0);
  EXPECT_EQ(ValueOf(families, "pgsluice_backend_probe_age_seconds", {"a"}), 3);
  EXPECT_EQ(ValueOf(families, "pgsluice_backend_probe_age_seconds", {"c"}), std::nullopt);
  EXPECT_EQ(ValueOf(families, "pgsluice_replica_lag_seconds", {"b"}), 1.5);
  EXPECT_EQ(ValueOf(families, "pgsluice_replica_lag_bytes", {"b"}), 512);
  EXPECT_EQ(ValueOf(families, "pgsluice_replica_lag_bytes", {"a"}), std::nullopt);
  EXPECT_EQ(ValueOf(families, "pgsluice_backend_ejected", {"c"}), 1);
  EXPECT_EQ(ValueOf(families, "pgsluice_primary_available"), 0);
}

TEST(Families, TellWhatWasBuilt) {
  GatewaySnapshot snapshot = SnapshotOfAll();
  snapshot.build = {
      .version = "1.2.3", .commit = "abc123", .grpc = "1.51.1", .libpq = "17.5"};

  const Families families = AllFamilies(snapshot);

  EXPECT_EQ(
      ValueOf(families, "pgsluice_build_info", {"1.2.3", "abc123", "1.51.1", "17.5"}), 1);
}

TEST(Families, TellAlertsThatFireAndThoseThatDoNot) {
  GatewaySnapshot snapshot = SnapshotOfAll();
  EndpointMemory& memory = snapshot.monitors.emplace_back();
  memory.endpoint = "a";
  memory.alerts = {
      {.kind = AlertKind::kWaiters, .state = AlertState::kClearing, .times_fired = 2},
      {.kind = AlertKind::kLag, .state = AlertState::kPending}};

  const Families families = AllFamilies(snapshot);

  EXPECT_EQ(ValueOf(families, "pgsluice_alert_firing", {"a", "waiters"}), 1);
  EXPECT_EQ(ValueOf(families, "pgsluice_alert_firing", {"a", "lag"}), 0);
  EXPECT_EQ(ValueOf(families, "pgsluice_alerts_fired_total", {"a", "waiters"}), 2);
}

}  // namespace
}  // namespace pgsluice
