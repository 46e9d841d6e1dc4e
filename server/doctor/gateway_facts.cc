#include "server/doctor/gateway_facts.h"

#include <fstream>
#include <iterator>
#include <sys/resource.h>

#include <libpq-fe.h>

#include "server/config/cluster_options.h"
#include "server/fleet_size.h"

namespace pgsluice::doctor {

namespace {

uint64_t MostFiles() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : UINT64_MAX;
}

// As the gateway does at its start.
size_t FleetSizeNow(const config::v1::Pools& pools) {
  if (pools.fleet_size_file().empty()) return pools.fleet_size();
  std::ifstream file(pools.fleet_size_file());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return ParseFleetSize(text).value_or(pools.fleet_size());
}

}  // namespace

GatewayFacts GatewayFactsOf(const config::v1::Config& config,
                            const ClusterOptions& options) {
  const config::v1::Limits& limits = config.limits();
  GatewayFacts facts;
  facts.pools = options.pools;
  facts.pools.fleet_size = FleetSizeNow(config.pools());
  facts.session = options.session;
  facts.lag_bound = options.lag_bound;
  facts.probe_timeout = options.probe.timeout;
  facts.transaction_idle_timeout = ToDuration(limits.transaction_idle_timeout());
  facts.max_transaction_duration = ToDuration(limits.max_transaction_duration());
  facts.drain = ToDuration(config.shutdown().drain_delay()) +
                ToDuration(config.shutdown().drain_deadline());
  facts.resolves_commits = limits.resolve_commits();
  facts.keeps_idempotency_keys = config.idempotency().enabled();
  facts.creates_key_table = config.idempotency().create();
  facts.max_files = MostFiles();
  facts.libpq_version = PQlibVersion();
  return facts;
}

}  // namespace pgsluice::doctor
