// Pools: label `pool` is the role, `backend` the endpoint's name, and `login` the name of
// the login, which those of the endpoints' own login have not.
#include <algorithm>

#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

// Adds up what there is of one endpoint, login and role: a pool that retires has a
// successor.
std::vector<PoolStats> Merged(const std::vector<PoolStats>& pools) {
  std::vector<PoolStats> merged;
  for (const PoolStats& pool : pools) {
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const PoolStats& m) {
      return m.endpoint == pool.endpoint && m.login == pool.login && m.role == pool.role;
    });
    if (same == merged.end()) {
      merged.push_back(pool);
      if (pool.is_retired) merged.back().min_size = merged.back().max_size = 0;
      continue;
    }
    same->idle += pool.idle;
    same->leased += pool.leased;
    same->maintenance += pool.maintenance;
    same->connecting += pool.connecting;
    same->transactions += pool.transactions;
    same->waiters += pool.waiters;
    same->to_renew += pool.to_renew;
    same->counters.Add(pool.counters);
    if (pool.oldest_wait.has_value()) {
      same->oldest_wait =
          std::max(same->oldest_wait.value_or(*pool.oldest_wait), *pool.oldest_wait);
    }
    if (pool.is_retired) continue;
    same->is_paused = pool.is_paused;
    same->min_size = pool.min_size;
    same->max_size = pool.max_size;
    same->max_waiters = pool.max_waiters;
    same->target_size = pool.target_size;
  }
  return merged;
}

// `more`: values of the labels that the family has besides those of every pool.
template <class Value>
void AddSeries(Family& family, const PoolStats& pool,
               std::initializer_list<std::string_view> more, const Value& value) {
  family.Add({RoleName(pool.role), pool.endpoint}, value);
  std::vector<std::string>& labels = family.series.back().labels;
  labels.insert(labels.end(), more.begin(), more.end());
  if (!pool.login.empty()) labels.push_back(pool.login);
}

// One family a figure, with one series a pool.
class PoolTable final {
 public:
  PoolTable(const std::vector<PoolStats>& pools, Families& families)
      : pools_(pools), families_(families) {}

  template <class Figure>
  void Add(FamilyType type, std::string_view name, std::string_view help, Figure figure) {
    Family& family = Begin(type, name, {}, help);
    for (const PoolStats& pool : pools_) {
      AddSeries(family, pool, {}, figure(pool));
    }
  }
  // With one label more.
  Family& Begin(FamilyType type, std::string_view name,
                std::vector<std::string> more_labels, std::string_view help) {
    Family& family = families_.emplace_back(Family{.type = type,
                                                   .name = std::string(name),
                                                   .labels = {"pool", "backend"},
                                                   .help = std::string(help)});
    for (std::string& label : more_labels) family.labels.push_back(std::move(label));
    family.labels.emplace_back("login");
    return family;
  }

  const std::vector<PoolStats>& pools() const { return pools_; }

 private:
  const std::vector<PoolStats>& pools_;
  Families& families_;
};

double Number(size_t count) { return static_cast<double>(count); }

void AddSizes(PoolTable& table) {
  const auto gauge = FamilyType::kGauge;
  Family& connections =
      table.Begin(gauge, "pgsluice_pool_connections", {"state"},
                  "Connections to PostgreSQL: idle, used by a call, connecting, or in "
                  "maintenance (being reset or pinged, or waiting for a cancel)");
  for (const PoolStats& pool : table.pools()) {
    AddSeries(connections, pool, {"idle"}, Number(pool.idle));
    AddSeries(connections, pool, {"used"}, Number(pool.leased));
    AddSeries(connections, pool, {"connecting"}, Number(pool.connecting));
    AddSeries(connections, pool, {"maintenance"}, Number(pool.maintenance));
  }
  table.Add(gauge, "pgsluice_pool_connections_max",
            "Most connections (max_size, this gateway's share)",
            [](const PoolStats& pool) { return Number(pool.max_size); });
  table.Add(gauge, "pgsluice_pool_connections_target",
            "Most connections for now: fewer while PostgreSQL has no room for more",
            [](const PoolStats& pool) { return Number(pool.target_size); });
  table.Add(gauge, "pgsluice_pool_connections_min", "Fewest connections (min_size)",
            [](const PoolStats& pool) { return Number(pool.min_size); });
  table.Add(gauge, "pgsluice_pool_connections_in_transactions",
            "Connections held by transactions; part of the used ones",
            [](const PoolStats& pool) { return Number(pool.transactions); });
  table.Add(gauge, "pgsluice_pool_paused", "1 while the pool gives out no connection",
            [](const PoolStats& pool) { return pool.is_paused ? 1.0 : 0.0; });
}

void AddQueue(PoolTable& table) {
  const auto gauge = FamilyType::kGauge;
  table.Add(gauge, "pgsluice_pool_pending_requests", "Calls that wait for a connection",
            [](const PoolStats& pool) { return Number(pool.waiters); });
  table.Add(gauge, "pgsluice_pool_pending_requests_max",
            "Most of them at a time (max_waiters)",
            [](const PoolStats& pool) { return Number(pool.max_waiters); });
  table.Add(gauge, "pgsluice_pool_oldest_wait_seconds",
            "How long the call has waited that has waited longest; 0 when none waits",
            [](const PoolStats& pool) {
              return InSeconds(pool.oldest_wait.value_or(absl::ZeroDuration()));
            });
  const auto histogram = FamilyType::kHistogram;
  table.Add(histogram, "pgsluice_pool_acquire_duration_seconds",
            "How long calls that got a connection waited for it in the pool's queue",
            [](const PoolStats& pool) { return pool.counters.acquire_time; });
  table.Add(histogram, "pgsluice_pool_use_duration_seconds",
            "How long calls held their connection",
            [](const PoolStats& pool) { return pool.counters.use_time; });
  table.Add(histogram, "pgsluice_pool_connect_duration_seconds",
            "How long it took to open a connection, those that failed left out",
            [](const PoolStats& pool) { return pool.counters.connect_time; });
}

void AddFailures(const GatewaySnapshot& snapshot, PoolTable& table) {
  const auto counter = FamilyType::kCounter;
  Family& failures = table.Begin(
      counter, "pgsluice_pool_acquire_failures_total", {"reason"},
      "Calls that got no connection: timeout, queue_full, cancelled, connect_failed, "
      "doomed (refused, as their wait would have been too long), no_backend (there was "
      "none to ask; backend is empty)");
  for (const PoolStats& pool : table.pools()) {
    const PoolCounters& counters = pool.counters;
    AddSeries(failures, pool, {"timeout"}, counters.acquire_timeouts);
    AddSeries(failures, pool, {"queue_full"}, counters.queue_full);
    AddSeries(failures, pool, {"cancelled"}, counters.acquire_cancelled);
    AddSeries(failures, pool, {"connect_failed"}, counters.gave_up);
    AddSeries(failures, pool, {"doomed"}, counters.doomed_refused);
  }
  for (size_t i = 0; i < kPoolRoles.size(); ++i) {
    failures.Add({RoleName(kPoolRoles[i]), "", "no_backend"},
                 snapshot.shards.without_backend[i]);
  }
  Family& doomed =
      table.Begin(counter, "pgsluice_pool_doomed_total", {"decision"},
                  "Calls whose predicted wait was longer than they could wait, by what "
                  "refuse_doomed had done with them");
  for (const PoolStats& pool : table.pools()) {
    const PoolCounters& counters = pool.counters;
    AddSeries(doomed, pool, {"refused"}, counters.doomed_refused);
    AddSeries(doomed, pool, {"dry_run"},
              counters.doomed - std::min(counters.doomed, counters.doomed_refused));
  }
}

void AddTurnover(PoolTable& table) {
  const auto counter = FamilyType::kCounter;
  table.Add(counter, "pgsluice_pool_connections_opened_total", "Connections opened",
            [](const PoolStats& pool) { return pool.counters.opened; });
  Family& closed = table.Begin(counter, "pgsluice_pool_connections_closed_total",
                               {"reason"}, "Connections closed, by what for");
  for (const PoolStats& pool : table.pools()) {
    for (size_t i = 0; i < pool.counters.closed.size(); ++i) {
      AddSeries(closed, pool, {CloseReasonName(static_cast<CloseReason>(i))},
                pool.counters.closed[i]);
    }
  }
  table.Add(counter, "pgsluice_pool_connect_failures_total",
            "Attempts to open a connection that failed",
            [](const PoolStats& pool) { return pool.counters.connect_failures; });
  table.Add(counter, "pgsluice_pool_resets_total",
            "Connections reset before their next use",
            [](const PoolStats& pool) { return pool.counters.resets; });
  table.Add(counter, "pgsluice_pool_pings_total",
            "Idle connections asked whether they are still there",
            [](const PoolStats& pool) { return pool.counters.pings; });
}

void AddCancels(PoolTable& table) {
  const auto counter = FamilyType::kCounter;
  table.Add(counter, "pgsluice_cancelled_statements_total",
            "Statements, or flights of them, that PostgreSQL was asked to cancel",
            [](const PoolStats& pool) { return pool.counters.cancelled.cancelled; });
  Family& ended = table.Begin(
      counter, "pgsluice_cancelled_statements_ended_total", {"seen"},
      "Of these, those whose end was seen: on the connection (idle), or by the backend "
      "closing it (gone)");
  for (const PoolStats& pool : table.pools()) {
    AddSeries(ended, pool, {"idle"}, pool.counters.cancelled.seen_idle);
    AddSeries(ended, pool, {"gone"}, pool.counters.cancelled.seen_gone);
  }
  table.Add(FamilyType::kGauge, "pgsluice_cancelled_statements_followed",
            "Of these, those whose end has not been seen yet: they may still run "
            "(orphans among them)",
            [](const PoolStats& pool) { return pool.counters.cancelled.followed(); });
}

}  // namespace

void AddPoolFamilies(const GatewaySnapshot& snapshot, Families& families) {
  const std::vector<PoolStats> pools = Merged(snapshot.pools);
  PoolTable table(pools, families);
  AddSizes(table);
  AddQueue(table);
  AddFailures(snapshot, table);
  AddTurnover(table);
  AddCancels(table);
}

}  // namespace pgsluice
