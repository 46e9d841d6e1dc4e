// All that is measured, running: PostgreSQL with pgbench's tables, PgBouncer, the
// gateway.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/bench/bench_options.h"
#include "tests/bench/gateway_process.h"
#include "tests/bench/pgbouncer.h"
#include "tests/testing/postgres_cluster.h"

namespace pgsluice::bench {

struct Rig {
  std::unique_ptr<testing::PostgresCluster> cluster;
  // The server's first process.
  pid_t postgres_pid = 0;
  std::string postgres_version;
  std::string bin_dir;
  // Null when it is not installed.
  std::unique_ptr<PgBouncer> pgbouncer;
  std::unique_ptr<GatewayProcess> gateway;

  int postgres_port() const { return cluster->server(0).port(); }
};

absl::StatusOr<Rig> StartRig(const BenchOptions& options);
// Another gateway like the rig's. `metadata`: see GatewayProcessSettings.
absl::StatusOr<std::unique_ptr<GatewayProcess>> StartGateway(Rig& rig,
                                                             const BenchOptions& options,
                                                             Metadata metadata = {});

}  // namespace pgsluice::bench
