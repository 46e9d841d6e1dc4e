#include "tests/testing/patroni_cluster.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <google/protobuf/util/json_util.h>
#include <signal.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include <google/protobuf/struct.pb.h>

#include "tests/testing/free_port.h"
#include "tests/testing/http.h"
#include "tests/testing/postgres_server.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr char kPython[] = "/usr/bin/python3";  // Of the distribution, as Patroni's own.
constexpr char kPatroni[] = "/usr/bin/patroni";
constexpr char kEtcd[] = "/usr/bin/etcd";

constexpr absl::Duration kToolLimit = absl::Seconds(20);
constexpr absl::Duration kAskLimit = absl::Seconds(3);
// Several times what they take on an idle machine.
constexpr absl::Duration kWholeLimit = absl::Seconds(90);
constexpr absl::Duration kSwitchLimit = absl::Seconds(60);
constexpr absl::Duration kKillLimit = absl::Seconds(20);
// Each look costs Patroni a question to etcd.
constexpr absl::Duration kLookAtPatroniInterval = absl::Milliseconds(50);
constexpr size_t kShownLogBytes = 3000;

constexpr char kCountStreaming[] = R"(
  SELECT count(*) FILTER (WHERE state = 'streaming'),
         count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')),
         current_setting('synchronous_standby_names')
  FROM pg_stat_replication WHERE application_name LIKE 'node%')";

std::string EndOfFile(const std::string& path) {
  const std::string text = ReadFile(path);
  return text.size() <= kShownLogBytes ? text : text.substr(text.size() - kShownLogBytes);
}

std::string TextOf(const google::protobuf::Struct& object, const std::string& field) {
  const auto found = object.fields().find(field);
  return found == object.fields().end() ? "" : found->second.string_value();
}

bool IsLeader(const PatroniMember& member) { return member.role == "leader"; }

bool IsSynchronous(const PatroniMember& member) { return member.role == "sync_standby"; }

}  // namespace

std::string PatroniCluster::Missing() {
  if (FindPostgresBinDir().empty()) return "the package postgresql";
  if (access(kEtcd, X_OK) != 0) return "the package etcd-server";
  if (access(kPatroni, X_OK) != 0) return "the package patroni";
  ProcessSpec spec;
  spec.argv = {kPython, "-c", "import patroni.dcs.etcd3"};
  spec.stderr_path = "/dev/null";
  const auto exit_status = RunProcess(spec, kToolLimit);
  return exit_status.value_or(1) == 0 ? "" : "the package python3-etcd";
}

absl::StatusOr<std::unique_ptr<PatroniCluster>> PatroniCluster::Create(size_t nodes) {
  std::unique_ptr<PatroniCluster> cluster(new PatroniCluster());
  // The unprivileged user may not be able to reach the build directory.
  std::error_code error;
  std::filesystem::copy_file(WARDEN_PATH, cluster->WardenPath(), error);
  if (error)
    return absl::InternalError(absl::StrCat("copy of warden: ", error.message()));
  absl::Status status = cluster->StartEtcd();
  for (size_t i = 0; status.ok() && i < nodes; ++i) {
    const std::string stem = absl::StrCat(cluster->temp_path(), "/node", i);
    cluster->nodes_.push_back({.settings = {.name = absl::StrCat("node", i),
                                            .bin_dir = FindPostgresBinDir(),
                                            .data_dir = absl::StrCat(stem, ".data"),
                                            .temp_dir = cluster->temp_path(),
                                            .postgres_port = PickFreePort(),
                                            .rest_port = PickFreePort(),
                                            .etcd_port = cluster->etcd_port_},
                               .yaml_path = absl::StrCat(stem, ".yaml"),
                               .log_path = absl::StrCat(stem, ".log"),
                               .warden = nullptr});
    std::ofstream(cluster->nodes_[i].yaml_path)
        << PatroniYaml(cluster->nodes_[i].settings);
    status = cluster->Return(i);
  }
  if (status.ok()) status = cluster->WaitWhole();
  if (!status.ok()) return status;
  return cluster;
}

PatroniCluster::~PatroniCluster() {
  for (size_t i = 0; i < nodes_.size(); ++i) Crash(i);
}

absl::Status PatroniCluster::StartEtcd() {
  etcd_port_ = PickFreePort();
  const std::string client = absl::StrCat("http://127.0.0.1:", etcd_port_);
  const std::string peer = absl::StrCat("http://127.0.0.1:", PickFreePort());
  ProcessSpec spec;
  spec.argv = {kEtcd,
               "--name=etcd0",
               absl::StrCat("--data-dir=", temp_path(), "/etcd"),
               absl::StrCat("--listen-client-urls=", client),
               absl::StrCat("--advertise-client-urls=", client),
               absl::StrCat("--listen-peer-urls=", peer),
               absl::StrCat("--initial-advertise-peer-urls=", peer),
               absl::StrCat("--initial-cluster=etcd0=", peer)};
  spec.stderr_path = absl::StrCat(temp_path(), "/etcd.log");
  spec.is_unprivileged = true;
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  etcd_ = *std::move(process);
  const auto is_up = [&] {
    const auto answer = CallHttp(etcd_port_, "GET", "/health", "", kAskLimit);
    return !etcd_->IsRunning() || (answer.ok() && answer->code == 200);
  };
  if (WaitFor("etcd is healthy", is_up) && etcd_->IsRunning()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("etcd did not start:\n", Logs()));
}

std::string PatroniCluster::conninfo(size_t i) const {
  return absl::StrCat("host=127.0.0.1 port=", nodes_[i].settings.postgres_port,
                      " user=postgres dbname=postgres");
}

std::vector<PatroniMember> PatroniCluster::Members() const {
  for (const Node& node : nodes_) {
    if (node.warden == nullptr) continue;
    const auto answer =
        CallHttp(node.settings.rest_port, "GET", "/cluster", "", kAskLimit);
    google::protobuf::Struct cluster;
    if (!answer.ok() || answer->code != 200 ||
        !google::protobuf::util::JsonStringToMessage(answer->body, &cluster).ok()) {
      continue;
    }
    std::vector<PatroniMember> members(nodes_.size());
    for (const auto& value :
         (*cluster.mutable_fields())["members"].list_value().values()) {
      const google::protobuf::Struct& member = value.struct_value();
      for (size_t i = 0; i < nodes_.size(); ++i) {
        if (TextOf(member, "name") != nodes_[i].settings.name) continue;
        members[i] = {.role = TextOf(member, "role"), .state = TextOf(member, "state")};
        const auto timeline = member.fields().find("timeline");
        if (timeline == member.fields().end()) continue;
        members[i].timeline = static_cast<int>(timeline->second.number_value());
      }
    }
    return members;
  }
  return {};
}

std::optional<size_t> PatroniCluster::Leader() const {
  const std::vector<PatroniMember> members = Members();
  const auto leader = std::find_if(members.begin(), members.end(), IsLeader);
  if (leader == members.end()) return std::nullopt;
  return static_cast<size_t>(leader - members.begin());
}

std::optional<size_t> PatroniCluster::Candidate(Replication replication) const {
  const std::vector<PatroniMember> members = Members();
  for (size_t i = 0; i < members.size(); ++i) {
    if (nodes_[i].warden == nullptr || IsLeader(members[i])) continue;
    if (replication == Replication::kAsynchronous || IsSynchronous(members[i])) return i;
  }
  return std::nullopt;
}

absl::Status PatroniCluster::SetReplication(Replication replication) {
  replication_ = replication;
  return Ask("PATCH", "/config",
             replication == Replication::kSynchronous ? R"({"synchronous_mode": true})"
                                                      : R"({"synchronous_mode": false})",
             kAskLimit);
}

absl::Status PatroniCluster::WaitWhole() {
  const auto is_whole = [&] {
    if (IsWhole()) return true;
    absl::SleepFor(kLookAtPatroniInterval);
    return false;
  };
  if (WaitFor("all nodes stream", is_whole, kWholeLimit)) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("the nodes under Patroni do not all stream:\n", Logs()));
}

bool PatroniCluster::IsWhole() const {
  const auto running = static_cast<size_t>(
      std::count_if(nodes_.begin(), nodes_.end(),
                    [](const Node& node) { return node.warden != nullptr; }));
  const std::vector<PatroniMember> members = Members();
  const auto leader = std::find_if(members.begin(), members.end(), IsLeader);
  if (leader == members.end()) return false;
  const auto synchronous = std::count_if(members.begin(), members.end(), IsSynchronous);
  const bool wants_one = replication_ == Replication::kSynchronous;
  if (synchronous != (wants_one ? 1 : 0)) return false;
  for (size_t i = 0; i < members.size(); ++i) {
    if (nodes_[i].warden != nullptr && members[i].timeline != leader->timeline)
      return false;
  }
  auto connection =
      SqlConnection::Open(conninfo(static_cast<size_t>(leader - members.begin())));
  if (!connection.ok()) return false;
  const auto rows = connection->Run(kCountStreaming);
  if (!rows.ok()) return false;
  const SqlRow& row = rows->front();
  return row[0] == absl::StrCat(running - 1) && row[1] == (wants_one ? "1" : "0") &&
         (row[2] == "") != wants_one;
}

absl::Status PatroniCluster::SwitchTo(size_t candidate) {
  const auto leader = Leader();
  if (!leader.has_value()) return absl::UnavailableError("there is no leader");
  return Ask("POST", "/switchover",
             absl::StrCat(R"({"leader": ")", nodes_[*leader].settings.name,
                          R"(", "candidate": ")", nodes_[candidate].settings.name, "\"}"),
             kSwitchLimit);
}

void PatroniCluster::Crash(size_t i) {
  Node& node = nodes_[i];
  if (node.warden == nullptr) return;
  node.warden->Signal(SIGTERM);
  const auto end = node.warden->Wait(absl::Now() + kKillLimit);
  EXPECT_TRUE(end.ok()) << "processes of " << node.settings.name << " are left behind";
  node.warden.reset();
}

absl::Status PatroniCluster::Return(size_t i) {
  Node& node = nodes_[i];
  ProcessSpec spec;
  spec.argv = {WardenPath(), kPatroni, node.yaml_path};
  spec.stderr_path = node.log_path;
  spec.working_dir = temp_path();
  spec.is_unprivileged = true;
  spec.death_signal = SIGTERM;
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  node.warden = *std::move(process);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SqlRow>> PatroniCluster::TrySql(
    size_t i, const std::string& sql, const std::vector<std::string>& parameters) {
  auto connection = SqlConnection::Open(conninfo(i));
  if (!connection.ok()) return connection.status();
  return connection->Run(sql, parameters);
}

std::string PatroniCluster::Logs() const {
  std::string logs = absl::StrCat("etcd:\n", EndOfFile(temp_path() + "/etcd.log"));
  for (const Node& node : nodes_) {
    absl::StrAppend(&logs, node.settings.name, ":\n", EndOfFile(node.log_path));
  }
  return logs;
}

absl::Status PatroniCluster::Ask(std::string_view method, std::string_view path,
                                 std::string_view body, absl::Duration limit) const {
  absl::Status failure = absl::UnavailableError("no node runs");
  for (const Node& node : nodes_) {
    if (node.warden == nullptr) continue;
    const auto answer = CallHttp(node.settings.rest_port, method, path, body, limit);
    if (answer.ok() && answer->code == 200) return absl::OkStatus();
    failure = answer.ok() ? absl::FailedPreconditionError(answer->body) : answer.status();
    if (answer.ok()) break;  // It has been understood; the others would say the same.
  }
  return failure;
}

}  // namespace pgsluice::testing
