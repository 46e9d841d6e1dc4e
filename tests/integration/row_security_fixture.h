// What tests of settings of callers stand on: a table with a policy of row-level
// security, and callers who are its tenants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/security_fixture.h"

namespace pgsluice::testing {

inline constexpr char kCount[] = "SELECT count(*)::int8 FROM item";
inline constexpr char kInsert[] = "INSERT INTO item (tenant) VALUES ($1)";
inline constexpr char kTenant[] =
    "SELECT coalesce(current_setting('app.tenant', true), '')";

class RowSecurityTest : public SecurityTest {
 protected:
  void SetUp() override {
    SecurityTest::SetUp();
    for (const char* sql :
         {"DROP TABLE IF EXISTS item",
          "CREATE TABLE item (id int8 GENERATED ALWAYS AS IDENTITY, tenant text)",
          "ALTER TABLE item ENABLE ROW LEVEL SECURITY",
          "CREATE POLICY own ON item USING (tenant = current_setting('app.tenant', "
          "true)) "
          "WITH CHECK (tenant = current_setting('app.tenant', true))",
          "GRANT ALL ON item TO gateway_user",
          "INSERT INTO item (tenant) VALUES ('a'), ('a'), ('b')"}) {
      cluster().Sql(0, sql);
    }
    const absl::Status caught_up = cluster().WaitCaughtUp();
    ASSERT_TRUE(caught_up.ok()) << caught_up;
    // One session, so that everybody comes after everybody else on it.
    lines_["pools"] = {"primary: {min_size: 1, max_size: 1}",
                       "replica: {min_size: 1, max_size: 1}"};
    lines_["callers"] = {"- {name: operator, methods: all}",
                         "- {name: app, settings: [{name: app.tenant, claim: tenant}, "
                         "{name: app.source, value: gateway}]}"};
    Start();
  }

  GatewayClient Tenant(std::string_view tenant) {
    return As(issuer_.Sign(
        Claims("app", absl::StrCat(R"(,"tenant":")", std::string(tenant), "\""))));
  }

  static int64_t Count(const Answer& answer) {
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.at(0, 0).int64();
  }
  // The operator's statements run without settings, on the same session.
  void ExpectNothingLeft() {
    EXPECT_EQ(client().Query(kTenant).at(0, 0).text(), "");
    EXPECT_EQ(client().Read(kTenant).at(0, 0).text(), "");
    EXPECT_EQ(Count(client().Query(kCount)), 0);
  }
};

inline v1::BatchRequest MakeBatch(const std::vector<std::string>& statements,
                                  v1::BatchMode mode, v1::Intent intent) {
  v1::BatchRequest batch;
  batch.set_mode(mode);
  batch.mutable_options()->set_intent(intent);
  for (const std::string& sql : statements) {
    *batch.add_steps()->mutable_statement() = MakeStatement(sql);
  }
  return batch;
}

inline grpc::Status Send(GatewayClient& client, const v1::BatchRequest& batch,
                         v1::BatchResponse& response) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  return client.stub().Batch(&context, batch, &response);
}

}  // namespace pgsluice::testing
