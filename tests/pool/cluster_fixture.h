// What tests of Cluster start from: two endpoints, probes that the test answers, and
// connects that it ends.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/cluster.h"
#include "pool/error.h"
#include "pool/event_loop.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_session.h"

namespace pgsluice::testing {

// Remembers the connector of each endpoint's pool, by role; those of a named login go by
// LabelOf: "a (login reports)".
class FakeConnectors final : public ConnectorFactory {
 public:
  // A connect that has not ended holds its pool, which holds its connector.
  ~FakeConnectors() override {
    for (const auto& connector : all_) connector->Forget();
  }
  std::shared_ptr<Connector> Make(const Endpoint& endpoint, Role role,
                                  const SessionOptions& options) override {
    last_options_ = options;
    last_conninfo_ = endpoint.conninfo;
    last_user_ = endpoint.login.has_value() ? endpoint.login->user : "";
    all_.push_back(std::make_shared<FakeConnector>());
    return made_[{LabelOf(endpoint), role}] = all_.back();
  }
  FakeConnector& Of(const std::string& endpoint, Role role) {
    auto& connector = made_[{endpoint, role}];
    if (connector == nullptr) connector = std::make_shared<FakeConnector>();
    return *connector;
  }
  // Of the connector made last.
  const SessionOptions& last_options() const { return last_options_; }
  const std::string& last_conninfo() const { return last_conninfo_; }
  const std::string& last_user() const { return last_user_; }

 private:
  SessionOptions last_options_;
  std::string last_conninfo_;
  std::string last_user_;
  std::map<std::pair<std::string, Role>, std::shared_ptr<FakeConnector>> made_;
  std::vector<std::shared_ptr<FakeConnector>> all_;
};

// What has come of one Acquire.
struct Call {
  StopSignal stop;
  std::optional<absl::StatusOr<RoutedLease>> result;

  bool has_lease() const { return result.has_value() && result->ok(); }
  std::string endpoint() const {
    return has_lease() ? (*result)->lease.endpoint() : "none";
  }
  std::string reason() const {
    if (!result.has_value() || result->ok()) return "";
    const auto details = DetailsOf(result->status());
    return details.has_value() ? details->reason
                               : std::string(result->status().message());
  }
};

inline asio::awaitable<void> RunCall(Cluster& cluster, std::shared_ptr<Call> call,
                                     RouteRequest request, absl::Time deadline) {
  call->result = co_await cluster.Acquire(request, 0, deadline, call->stop);
}

inline const RouteRequest kWrite = {Intent::kWrite, {}, ReadFallback::kPrimary};
inline const RouteRequest kRead = {Intent::kRead, {}, ReadFallback::kPrimary};
inline const RouteRequest kReadOnlyReplica = {Intent::kRead, {}, ReadFallback::kNone};

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() {
    options_.endpoints = {{"a", "host=a"}, {"b", "host=b"}};
    options_.pools.primary.min_size = options_.pools.replica.min_size = 0;
    options_.pools.primary.max_size = options_.pools.replica.max_size = 1;
    MakeCluster();
  }

  // Of `options_`.
  void MakeCluster() {
    cluster_.emplace(ClusterDeps{
        .options = options_,
        .shards = 1,
        .connectors = &connectors_,
        .clock = &clock_,
        .on_change = [this](const Topology&, const Topology& after) { seen_ = after; }});
  }

  // Calls that wait hold the pools in whose queues they are.
  ~ClusterTest() override {
    if (!cluster_.has_value()) return;
    cluster_->Retire();
    Run();
  }

  ProbeResult Answer(Role role, uint32_t timeline = 1) {
    ProbeResult answer;
    answer.ok = true;
    answer.in_recovery = role == Role::kReplica;
    answer.system_identifier = "7";
    answer.timeline = timeline;
    answer.begun = answer.at = clock_.Now();
    return answer;
  }
  ProbeResult Failure() {
    ProbeResult failure;
    failure.error = "no answer";
    failure.begun = failure.at = clock_.Now();
    return failure;
  }

  void Probe(size_t endpoint, const ProbeResult& result) {
    EXPECT_TRUE(cluster_->OnProbe(options_.endpoints[endpoint], result));
  }
  // a is the primary, b its replica.
  void FindRoles() {
    Probe(0, Answer(Role::kPrimary));
    Probe(1, Answer(Role::kReplica));
  }
  // b takes over, a follows.
  void SwitchOver() {
    Probe(0, Answer(Role::kReplica, 2));
    Probe(1, Answer(Role::kPrimary, 2));
  }

  std::shared_ptr<Call> Start(const RouteRequest& request,
                              absl::Duration patience = absl::Seconds(60)) {
    auto call = std::make_shared<Call>();
    asio::co_spawn(loop_.executor(),
                   RunCall(*cluster_, call, request, clock_.Now() + patience),
                   asio::detached);
    Run();
    return call;
  }
  // Runs what can run without waiting.
  void Run() {
    while (loop_.RunReady() > 0) {
    }
  }

  size_t Outstanding(const std::string& endpoint, Role role) {
    return connectors_.Of(endpoint, role).outstanding();
  }
  std::shared_ptr<FakeSession> Open(const std::string& endpoint, Role role) {
    auto session = connectors_.Of(endpoint, role).Succeed();
    EXPECT_NE(session, nullptr) << "nobody asked for a session with " << endpoint;
    Run();
    return session;
  }

  ClusterOptions options_;
  FakeClock clock_;
  FakeConnectors connectors_;
  EventLoop loop_;
  Topology seen_;
  std::optional<Cluster> cluster_;
};

}  // namespace pgsluice::testing
