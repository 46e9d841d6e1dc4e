#include "tests/bench/rig.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

#include "tests/bench/grpc_load.h"

namespace pgsluice::bench {
namespace {

using testing::PostgresCluster;
using testing::ProcessSpec;

// Sessions of the gateway, of PgBouncer in both modes, of pgbench, and some to spare.
constexpr int kMaxConnections = 400;
constexpr absl::Duration kLoadLimit = absl::Minutes(2);
// All of the data, so that no load waits for the operating system.
constexpr char kSetBuffers[] = "ALTER SYSTEM SET shared_buffers = '512MB'";
constexpr char kCheckData[] =
    "SELECT count(*) || ' ' || sum(abs(abalance)) FROM pgbench_accounts";

absl::Status LoadAccounts(Rig& rig) {
  ProcessSpec spec;
  spec.argv = {rig.bin_dir + "/pgbench",
               "-i",
               "-q",
               "-s",
               absl::StrCat(kScale),
               "-h",
               "127.0.0.1",
               "-p",
               absl::StrCat(rig.postgres_port()),
               "-U",
               "postgres",
               "postgres"};
  spec.stderr_path = rig.cluster->temp_path() + "/pgbench_init.log";
  const auto exit_status = testing::RunProcess(spec, kLoadLimit);
  if (!exit_status.ok()) return exit_status.status();
  const std::string wanted = absl::StrCat(kAccounts, " 0");
  if (*exit_status == 0 && rig.cluster->Sql(0, kCheckData) == wanted) {
    return absl::OkStatus();
  }
  return absl::InternalError("pgbench -i:\n" + testing::ReadFile(spec.stderr_path));
}

absl::Status StartPostgres(Rig& rig) {
  auto cluster =
      PostgresCluster::Create({.replicas = 0, .max_connections = kMaxConnections});
  if (!cluster.ok()) return cluster.status();
  rig.cluster = *std::move(cluster);
  rig.bin_dir = testing::FindPostgresBinDir();
  testing::PostgresServer& server = rig.cluster->server(0);
  absl::Status status = rig.cluster->TrySql(0, kSetBuffers).status();
  if (status.ok()) status = server.Stop(testing::StopMode::kFast);
  if (status.ok()) status = server.Start();
  if (!status.ok()) return status;
  rig.postgres_pid =
      std::atoi(testing::ReadFile(server.data_dir() + "/postmaster.pid").c_str());
  rig.postgres_version = rig.cluster->Sql(0, "SHOW server_version");
  return LoadAccounts(rig);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GatewayProcess>> StartGateway(Rig& rig,
                                                             const BenchOptions& options,
                                                             Metadata metadata) {
  return GatewayProcess::Start({.conninfo = rig.cluster->server(0).conninfo(),
                                .sessions = options.sessions,
                                .set = options.gateway_set,
                                .metadata = std::move(metadata),
                                .temp_path = rig.cluster->temp_path()});
}

absl::StatusOr<Rig> StartRig(const BenchOptions& options) {
  Rig rig;
  absl::Status status = StartPostgres(rig);
  if (!status.ok()) return status;
  const int most_in_flight =
      *std::max_element(options.in_flight.begin(), options.in_flight.end());
  auto pgbouncer = PgBouncer::Start({.postgres_port = rig.postgres_port(),
                                     .pool_size = options.sessions,
                                     .session_pool_size = most_in_flight,
                                     .temp_path = rig.cluster->temp_path()});
  if (!pgbouncer.ok()) return pgbouncer.status();
  rig.pgbouncer = *std::move(pgbouncer);
  auto gateway = StartGateway(rig, options);
  if (!gateway.ok()) return gateway.status();
  rig.gateway = *std::move(gateway);
  return rig;
}

}  // namespace pgsluice::bench
