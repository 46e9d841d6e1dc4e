// PostgreSQL nodes under Patroni with one etcd, all on this machine: who is the primary
// is not for the test to say, only to ask. Start one per test process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "tests/testing/patroni_config.h"
#include "tests/testing/process.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/temp_dir.h"

namespace pgsluice::testing {

// Whether Patroni keeps a synchronous standby, which alone may take over.
enum class Replication { kAsynchronous, kSynchronous };

// One node as Patroni's REST API tells of it.
struct PatroniMember {
  std::string role;   // "leader", "replica", "sync_standby", or a word of later versions.
  std::string state;  // "running", "streaming", ...
  int timeline = 0;
};

class PatroniCluster final {
 public:
  // What has to be installed first; empty when nothing has.
  static std::string Missing();
  // Returns when every node streams from the leader, asynchronously.
  static absl::StatusOr<std::unique_ptr<PatroniCluster>> Create(size_t nodes);
  ~PatroniCluster();
  PatroniCluster(const PatroniCluster&) = delete;
  PatroniCluster& operator=(const PatroniCluster&) = delete;

  size_t size() const { return nodes_.size(); }
  const std::string& temp_path() const { return temp_dir_.path(); }
  // For the gateway, by TCP.
  std::string conninfo(size_t i) const;

  // One entry a node, empty for one that Patroni does not list.
  std::vector<PatroniMember> Members() const;
  // Absent while there is none.
  std::optional<size_t> Leader() const;
  // Some node that could take over next.
  std::optional<size_t> Candidate(Replication replication) const;

  absl::Status SetReplication(Replication replication);
  // Until every node that runs streams from one leader, as SetReplication has said.
  absl::Status WaitWhole();
  // Planned; returns when Patroni says that it is done.
  absl::Status SwitchTo(size_t candidate);
  // Patroni and every process of PostgreSQL get SIGKILL; returns when they are gone.
  void Crash(size_t i);
  // Starts Patroni again, which does the rest.
  absl::Status Return(size_t i);

  absl::StatusOr<std::vector<SqlRow>> TrySql(
      size_t i, const std::string& sql, const std::vector<std::string>& parameters = {});
  // The end of what etcd, Patroni and PostgreSQL have logged.
  std::string Logs() const;

 private:
  struct Node {
    PatroniNode settings;
    std::string yaml_path;
    std::string log_path;
    std::unique_ptr<Process> warden;  // Null while it is crashed.
  };

  PatroniCluster() = default;
  std::string WardenPath() const { return temp_path() + "/warden"; }
  absl::Status StartEtcd();
  bool IsWhole() const;
  absl::Status Ask(std::string_view method, std::string_view path, std::string_view body,
                   absl::Duration limit) const;

  TempDir temp_dir_;
  int etcd_port_ = 0;
  std::unique_ptr<Process> etcd_;
  std::vector<Node> nodes_;
  Replication replication_ = Replication::kAsynchronous;
};

}  // namespace pgsluice::testing
