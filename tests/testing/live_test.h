// Fixture of tests on a real primary, a real replica and the real gateway. One cluster
// for all tests of a fixture; one gateway a test, started by the test. TearDown checks
// that nothing has leaked: no lease, no waiter, no backend without a session.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "tests/testing/gateway.h"
#include "tests/testing/postgres_cluster.h"
#include "tests/testing/transaction_stream.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {

class LiveTest : public ::testing::Test {
 public:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  void SetUp() override;
  void TearDown() override;

 protected:
  // For a SetUpTestSuite that wants another cluster than one primary and one replica.
  static void SetUpCluster(ClusterSettings settings);
  static PostgresCluster& cluster() { return *cluster_; }

  // Every server of the cluster is an endpoint; waits until it is ready and sees the
  // role of each.
  void StartGateway(std::vector<std::string> set = {});
  // For other endpoints or no wait; fails the test when it does not run.
  Gateway& StartGateway(GatewaySettings settings);
  Gateway& gateway() { return *gateway_; }
  bool has_gateway() const { return gateway_ != nullptr; }
  GatewayClient& client() { return gateway_->client(); }
  // The gateway is gone, as the test wanted it.
  void ForgetGateway() { gateway_.reset(); }

  // Waits until the gateway sees `role` in the server of that number.
  ::testing::AssertionResult SeesRole(size_t server, v1::Role role);
  ::testing::AssertionResult SeesUnreachable(size_t server);

 private:
  ::testing::AssertionResult BackendsBelongToSessions(size_t server);

  static std::unique_ptr<PostgresCluster> cluster_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace pgsluice::testing
