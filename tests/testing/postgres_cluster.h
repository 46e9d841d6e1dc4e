// A throwaway primary with streaming replicas, made from nothing in a few seconds.
// Start one per test process.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/testing/postgres_server.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/temp_dir.h"

namespace pgsluice::testing {

struct ClusterSettings {
  int replicas = 1;
  int max_connections = 60;
  // Lines for the primary's postgresql.conf, after those of postgres_cluster.cc.
  std::string configuration{};
};

// Servers go by number: 0 is the first primary, 1 and up its replicas. Start and stop
// them from the main thread; Sql and its kin are thread-safe.
class PostgresCluster final {
 public:
  // Fails, naming the reason, when PostgreSQL is not installed or does not start.
  static absl::StatusOr<std::unique_ptr<PostgresCluster>> Create(
      ClusterSettings settings);

  size_t size() const { return servers_.size(); }
  PostgresServer& server(size_t i) { return *servers_[i]; }
  const std::string& temp_path() const { return temp_dir_.path(); }

  absl::Status Promote(size_t i);
  // Takes back what server i, which is down, has that `primary` has not, and starts it as
  // its replica, without a slot. Wants `wal_log_hints` and `full_page_writes`.
  absl::Status Rejoin(size_t i, size_t primary);
  // Until every running replica has replayed what the primary has written by now.
  absl::Status WaitCaughtUp();

  absl::StatusOr<std::vector<SqlRow>> TrySql(
      size_t i, const std::string& sql, const std::vector<std::string>& parameters = {});
  // First cell of the first row ("" for none or NULL); an error fails the test.
  std::string Sql(size_t i, const std::string& sql,
                  const std::vector<std::string>& parameters = {});
  // Sessions of others than the tests; `state` as in pg_stat_activity, "" for any.
  // -1 when the server does not answer.
  int CountBackends(size_t i, std::string_view state = "");
  // Sessions whose statement holds `text` and that are at work.
  int CountActive(size_t i, std::string_view text);
  // Ends those of CountActive; returns how many.
  int TerminateBackends(size_t i, std::string_view text);

 private:
  explicit PostgresCluster(std::string bin_dir) : bin_dir_(std::move(bin_dir)) {}
  absl::Status MakePrimary(const ClusterSettings& settings);
  absl::Status MakeReplica(int number);
  absl::Status RunTool(std::vector<std::string> argv);
  PostgresServer::Options OptionsFor(int number) const;

  const std::string bin_dir_;
  TempDir temp_dir_;
  std::vector<std::unique_ptr<PostgresServer>> servers_;
};

}  // namespace pgsluice::testing
