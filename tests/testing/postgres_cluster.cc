#include "tests/testing/postgres_cluster.h"

#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "tests/testing/free_port.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

// Rewinding copies much, on a machine that may do much else.
constexpr absl::Duration kToolLimit = absl::Minutes(3);

constexpr char kCountBackends[] = R"(
  SELECT count(*) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND application_name <> $1
    AND ($2 = '' OR state = $2))";
constexpr char kCountActive[] = R"(
  SELECT count(*) FROM pg_stat_activity
  WHERE state = 'active' AND application_name <> $1 AND strpos(query, $2) > 0)";
constexpr char kTerminate[] = R"(
  SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE state = 'active' AND application_name <> $1 AND strpos(query, $2) > 0)";
constexpr char kHasReplayed[] = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn";

// Speed over safety: nothing here outlives the test.
constexpr char kConfiguration[] = R"(
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
wal_level = replica
hot_standby = on
max_wal_senders = 8
wal_retrieve_retry_interval = 200ms
shared_buffers = 32MB
max_wal_size = 512MB
autovacuum = off
jit = off
log_min_messages = warning
)";

int FirstNumber(const absl::StatusOr<std::vector<SqlRow>>& rows) {
  int number = -1;
  if (!rows.ok() || rows->empty()) return -1;
  return absl::SimpleAtoi(rows->front().front().value_or(""), &number) ? number : -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresCluster>> PostgresCluster::Create(
    ClusterSettings settings) {
  const std::string bin_dir = FindPostgresBinDir();
  if (bin_dir.empty()) {
    return absl::NotFoundError(
        "no initdb in /usr/lib/postgresql/*/bin: install the package postgresql");
  }
  std::unique_ptr<PostgresCluster> cluster(new PostgresCluster(bin_dir));
  absl::Status status = cluster->MakePrimary(settings);
  for (int i = 1; status.ok() && i <= settings.replicas; ++i) {
    status = cluster->MakeReplica(i);
  }
  if (!status.ok()) return status;
  return cluster;
}

absl::Status PostgresCluster::MakePrimary(const ClusterSettings& settings) {
  const PostgresServer::Options options = OptionsFor(0);
  if (options.port == 0) return absl::UnavailableError("no free TCP port");
  const absl::Status made =
      RunTool({bin_dir_ + "/initdb", "-D", options.data_dir, "-A", "trust", "--no-sync",
               "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"});
  if (!made.ok()) return made;
  std::ofstream(options.data_dir + "/postgresql.conf", std::ios::app)
      << kConfiguration << "max_connections = " << settings.max_connections << "\n"
      << settings.configuration;
  servers_.push_back(std::make_unique<PostgresServer>(options));
  return servers_.back()->Start();
}

absl::Status PostgresCluster::MakeReplica(int number) {
  const PostgresServer::Options options = OptionsFor(number);
  if (options.port == 0) return absl::UnavailableError("no free TCP port");
  const absl::Status copied = RunTool(
      {bin_dir_ + "/pg_basebackup", "-D", options.data_dir, "-h", options.socket_dir,
       "-p", absl::StrCat(servers_[0]->port()), "-U", "postgres", "-R", "-C", "-S",
       absl::StrCat("replica", number), "-X", "stream", "-c", "fast", "--no-sync"});
  if (!copied.ok()) return copied;
  servers_.push_back(std::make_unique<PostgresServer>(options));
  return servers_.back()->Start();
}

absl::Status PostgresCluster::RunTool(std::vector<std::string> argv) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.stderr_path = temp_dir_.path() + "/tools.log";
  spec.working_dir = temp_dir_.path();
  spec.is_unprivileged = true;
  const auto exit_status = RunProcess(spec, kToolLimit);
  if (!exit_status.ok()) return exit_status.status();
  if (*exit_status == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(spec.argv[0], " failed with ", *exit_status,
                                          ":\n", ReadFile(spec.stderr_path)));
}

PostgresServer::Options PostgresCluster::OptionsFor(int number) const {
  return {.bin_dir = bin_dir_,
          .data_dir = absl::StrCat(temp_dir_.path(), "/data", number),
          .socket_dir = temp_dir_.path(),
          .log_path = absl::StrCat(temp_dir_.path(), "/postgres", number, ".log"),
          .port = PickFreePort()};
}

absl::Status PostgresCluster::Promote(size_t i) {
  return TrySql(i, "SELECT pg_promote(true, 30)").status();
}

absl::Status PostgresCluster::Rejoin(size_t i, size_t primary) {
  // Before its first checkpoint the new primary still tells of its old timeline, and
  // pg_rewind finds nothing to do.
  const auto checkpoint = TrySql(primary, "CHECKPOINT");
  if (!checkpoint.ok()) return checkpoint.status();
  const std::string& data_dir = servers_[i]->data_dir();
  const absl::Status rewound = RunTool(
      {bin_dir_ + "/pg_rewind", "--target-pgdata", data_dir, "--source-server",
       servers_[primary]->local_conninfo(), "--write-recovery-conf", "--no-sync"});
  if (!rewound.ok()) return rewound;
  std::ofstream(data_dir + "/postgresql.auto.conf", std::ios::app)
      << "primary_slot_name = ''\n";
  return servers_[i]->Start();
}

absl::Status PostgresCluster::WaitCaughtUp() {
  const auto written = TrySql(0, "SELECT pg_current_wal_flush_lsn()");
  if (!written.ok()) return written.status();
  const std::string lsn = written->front().front().value_or("");
  for (size_t i = 1; i < servers_.size(); ++i) {
    const auto has_replayed = [&] {
      const auto rows = TrySql(i, kHasReplayed, {lsn});
      return rows.ok() && rows->front().front() == "t";
    };
    if (!WaitFor("the replica has caught up", has_replayed)) {
      return absl::DeadlineExceededError(absl::StrCat("replica ", i, " lags"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SqlRow>> PostgresCluster::TrySql(
    size_t i, const std::string& sql, const std::vector<std::string>& parameters) {
  auto connection = SqlConnection::Open(servers_[i]->local_conninfo());
  if (!connection.ok()) return connection.status();
  return connection->Run(sql, parameters);
}

std::string PostgresCluster::Sql(size_t i, const std::string& sql,
                                 const std::vector<std::string>& parameters) {
  const auto rows = TrySql(i, sql, parameters);
  if (!rows.ok()) {
    ADD_FAILURE() << rows.status();
    return "";
  }
  if (rows->empty() || rows->front().empty()) return "";
  return rows->front().front().value_or("");
}

int PostgresCluster::CountBackends(size_t i, std::string_view state) {
  return FirstNumber(TrySql(i, kCountBackends, {kTestApplication, std::string(state)}));
}

int PostgresCluster::CountActive(size_t i, std::string_view text) {
  return FirstNumber(TrySql(i, kCountActive, {kTestApplication, std::string(text)}));
}

int PostgresCluster::TerminateBackends(size_t i, std::string_view text) {
  return FirstNumber(TrySql(i, kTerminate, {kTestApplication, std::string(text)}));
}

}  // namespace pgsluice::testing
