#include "tests/testing/live_test.h"

#include <cstdlib>
#include <iostream>
#include <stdlib.h>

#include "absl/strings/str_cat.h"

namespace pgsluice::testing {
namespace {

// Enough of the log to see what went wrong.
constexpr size_t kShownLogBytes = 8000;

constexpr char kCountSessions[] = R"(
  SELECT count(*) FROM pg_stat_activity
  WHERE backend_type = 'client backend'
    AND application_name NOT IN ('pgsluice_test', 'pgsluice control'))";

std::string EndOf(const std::string& text, size_t bytes) {
  return text.size() <= bytes ? text : text.substr(text.size() - bytes);
}

}  // namespace

std::unique_ptr<PostgresCluster> LiveTest::cluster_;

void LiveTest::SetUpTestSuite() { SetUpCluster({}); }

void LiveTest::SetUpCluster(ClusterSettings settings) {
  // Before gRPC starts: how often channels without a call look at their sockets. The
  // default, 5 s, is what an idle client takes to notice that a server goes away.
  setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "20", 1);
  auto cluster = PostgresCluster::Create(std::move(settings));
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  cluster_ = *std::move(cluster);
}

void LiveTest::TearDownTestSuite() { cluster_.reset(); }

void LiveTest::SetUp() { ASSERT_NE(cluster_, nullptr) << "no PostgreSQL"; }

void LiveTest::TearDown() {
  if (gateway_ == nullptr) return;
  EXPECT_TRUE(gateway_->IsRunning()) << "the gateway died";
  if (gateway_->IsRunning()) {
    EXPECT_TRUE(gateway_->IsQuiet());
    for (size_t i = 0; i < cluster_->size(); ++i) {
      EXPECT_TRUE(BackendsBelongToSessions(i));
    }
    const auto exit_status = gateway_->Stop();
    EXPECT_TRUE(exit_status.ok()) << exit_status.status();
    EXPECT_EQ(exit_status.value_or(-1), 0) << "exit status of the gateway";
  }
  if (HasFailure()) {
    std::cerr << "The gateway's log:\n" << EndOf(gateway_->Log(), kShownLogBytes) << "\n";
  }
  gateway_.reset();
}

void LiveTest::StartGateway(std::vector<std::string> set) {
  GatewaySettings settings;
  for (size_t i = 0; i < cluster_->size(); ++i) {
    settings.conninfos.push_back(cluster_->server(i).conninfo());
  }
  settings.set = std::move(set);
  StartGateway(std::move(settings));
  ASSERT_TRUE(gateway_->IsReady());
  ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
  for (size_t i = 1; i < cluster_->size(); ++i) {
    ASSERT_TRUE(SeesRole(i, v1::ROLE_REPLICA));
  }
}

Gateway& LiveTest::StartGateway(GatewaySettings settings) {
  settings.temp_path = cluster_->temp_path();
  auto gateway = Gateway::Start(settings);
  if (!gateway.ok()) {
    ADD_FAILURE() << gateway.status();
    std::abort();  // No test can go on without its gateway's process.
  }
  gateway_ = *std::move(gateway);
  return *gateway_;
}

::testing::AssertionResult LiveTest::SeesRole(size_t server, v1::Role role) {
  const std::string name = absl::StrCat("server", server);
  return WaitFor(absl::StrCat(name, " is seen as ", v1::Role_Name(role)), [&] {
    const v1::HealthResponse health = client().Health();
    for (const v1::EndpointHealth& endpoint : health.endpoints()) {
      if (endpoint.endpoint() == name) return endpoint.role() == role;
    }
    return false;
  });
}

::testing::AssertionResult LiveTest::SeesUnreachable(size_t server) {
  const std::string name = absl::StrCat("server", server);
  return WaitFor(absl::StrCat(name, " is seen as unreachable"), [&] {
    const v1::HealthResponse health = client().Health();
    for (const v1::EndpointHealth& endpoint : health.endpoints()) {
      if (endpoint.endpoint() == name) return !endpoint.reachable();
    }
    return false;
  });
}

::testing::AssertionResult LiveTest::BackendsBelongToSessions(size_t server) {
  std::string backends;
  uint32_t open = 0;
  auto result = WaitFor("every backend belongs to a session", [&] {
    backends = cluster_->Sql(server, kCountSessions);
    open = TotalOpen(client().PoolStats(), absl::StrCat("server", server));
    return backends == absl::StrCat(open);
  });
  if (!result) result << ": " << backends << " backends, " << open << " sessions";
  return result;
}

}  // namespace pgsluice::testing
