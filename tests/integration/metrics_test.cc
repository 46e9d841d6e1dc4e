// /metrics of the real gateway: its figures are those of what it did.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/metrics_page.h"
#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kGateway[] = R"(grpc_service="pgsluice.v1.GatewayService")";

// Of a unary method.
std::string Unary(const std::string& method) {
  return absl::StrCat(R"(grpc_type="unary",)", kGateway, R"(,grpc_method=")", method,
                      "\"");
}

class MetricsTest : public LiveTest {
 protected:
  void StartMeasured(std::vector<std::string> set = {}) {
    port_ = PickFreePort();
    set.push_back(absl::StrCat("server.metrics_listen_address=127.0.0.1:", port_));
    StartGateway(std::move(set));
  }
  MetricsPage Scrape() { return MetricsPage::Of(port_); }
  double Value(const std::string& series) { return Scrape()[series]; }
  ::testing::AssertionResult Becomes(const std::string& series, double wanted) {
    return WaitFor(absl::StrCat(series, " is ", wanted),
                   [&] { return Value(series) == wanted; });
  }

  int port_ = 0;
};

TEST_F(MetricsTest, CountsCallsByMethodAndStatus) {
  StartMeasured();
  // That it is ready, the fixture has asked.
  const double checks = Value(
      R"(grpc_server_started_total{grpc_type="unary",grpc_service="grpc.health.v1.Health",)"
      R"(grpc_method="Check"})");
  EXPECT_GE(checks, 1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client().Query("SELECT 1").ok());
  ASSERT_FALSE(client().Query("SELECT 1/0").ok());
  ASSERT_FALSE(client().Query("").ok());

  const MetricsPage page = Scrape();

  EXPECT_EQ(page[absl::StrCat("grpc_server_started_total{", Unary("Query"), "}")], 5);
  const auto handled = [&](const char* code) {
    return page[absl::StrCat("grpc_server_handled_total{", Unary("Query"),
                             ",grpc_code=\"", code, "\"}")];
  };
  EXPECT_EQ(handled("OK"), 3);
  EXPECT_EQ(handled("InvalidArgument") + handled("OutOfRange"), 2);
  EXPECT_EQ(handled("Internal"), 0);
  EXPECT_EQ(
      page[absl::StrCat("grpc_server_handling_seconds_count{", Unary("Query"), "}")], 5);
  EXPECT_EQ(page[absl::StrCat("grpc_server_msg_received_total{", Unary("Query"), "}")],
            5);
  EXPECT_EQ(page[absl::StrCat("grpc_server_msg_sent_total{", Unary("Query"), "}")], 3);
}

TEST_F(MetricsTest, CountsMethodsThatNobodyServesAsOne) {
  StartMeasured();
  for (const char* method : {"/pgsluice.v1.GatewayService/Nonsense", "/x.Y/Z"}) {
    grpc::GenericStub stub(client().channel());
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, &status);
    void* tag = nullptr;
    bool is_ok = false;
    ASSERT_TRUE(queue.Next(&tag, &is_ok));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
  }

  const MetricsPage page = Scrape();

  const std::string other =
      R"(grpc_type="bidi_stream",grpc_service="other",grpc_method="other")";
  EXPECT_EQ(page[absl::StrCat("grpc_server_handled_total{", other,
                              R"(,grpc_code="Unimplemented"})")],
            2);
  EXPECT_EQ(page.text().find("Nonsense"), std::string::npos);
}

TEST_F(MetricsTest, CountsMessagesOfStreams) {
  StartMeasured();
  const StreamAnswer answer =
      client().Stream(MakeStreamQuery("SELECT * FROM generate_series(1, 100)"));
  ASSERT_TRUE(answer.status.ok());

  const MetricsPage page = Scrape();

  const std::string labels = absl::StrCat(R"({grpc_type="server_stream",)", kGateway,
                                          R"(,grpc_method="StreamQuery"})");
  EXPECT_EQ(page["grpc_server_msg_received_total" + labels], 1);
  EXPECT_EQ(page["grpc_server_msg_sent_total" + labels],
            static_cast<double>(answer.messages));
  EXPECT_EQ(page[R"(pgsluice_query_rows_returned_total{pool="primary"})"], 100);
}

TEST_F(MetricsTest, CountsStatementsRowsAndErrorsOfEachPool) {
  StartMeasured();
  ASSERT_TRUE(client().Query("SELECT generate_series(1, 7)").ok());
  ASSERT_TRUE(client().Read("/* where? */ SELECT 'abcd' UNION ALL SELECT 'ef'").ok());
  ASSERT_FALSE(client().Query("INSERT INTO nowhere VALUES (1)").ok());
  ASSERT_FALSE(client().Query("SELECT 1/0").ok());

  const MetricsPage page = Scrape();

  const auto count = [&](const char* labels) {
    return page[absl::StrCat("pgsluice_query_duration_seconds_count{", labels, "}")];
  };
  EXPECT_EQ(count(R"(pool="primary",operation="select",status="ok")"), 1);
  EXPECT_EQ(count(R"(pool="primary",operation="select",status="error")"), 1);
  EXPECT_EQ(count(R"(pool="primary",operation="insert",status="error")"), 1);
  EXPECT_EQ(count(R"(pool="replica",operation="select",status="ok")"), 1);
  EXPECT_EQ(page[R"(pgsluice_query_rows_returned_total{pool="primary"})"], 7);
  EXPECT_EQ(page[R"(pgsluice_query_rows_returned_total{pool="replica"})"], 2);
  // Cells, and two bytes for each of them and for each row.
  EXPECT_EQ(page[R"(pgsluice_query_result_bytes_total{pool="replica"})"], 6 + 2 * 4);
  double errors = 0;
  for (const char* code :
       {"InvalidArgument", "OutOfRange", "NotFound", "FailedPrecondition"}) {
    for (const char* state : {"22", "42"}) {
      const double found = page[absl::StrCat(
          R"(pgsluice_query_errors_total{pool="primary",sqlstate_class=")", state,
          R"(",grpc_code=")", code, "\"}")];
      if (found > 0) errors += found;
    }
  }
  EXPECT_EQ(errors, 2) << page.text();
  EXPECT_EQ(
      page[R"(pgsluice_routing_total{requested="read",chosen="replica",reason="read"})"],
      1);
  EXPECT_EQ(
      page[R"(pgsluice_routing_total{requested="write",chosen="primary",reason="write"})"],
      3);
}

TEST_F(MetricsTest, TellsHowTransactionsEnded) {
  StartMeasured();
  const auto ended = [](const char* kind, const char* outcome) {
    return absl::StrCat("pgsluice_transactions_total{kind=\"", kind, "\",outcome=\"",
                        outcome, "\"}");
  };
  {
    TransactionStream committed(client());
    ASSERT_TRUE(committed.Begin().has_begun());
    EXPECT_EQ(Value("pgsluice_transactions_in_progress"), 1);
    ASSERT_TRUE(committed.Commit().has_committed());
    committed.Finish();
  }
  {
    TransactionStream rolled_back(client());
    ASSERT_TRUE(rolled_back.Begin().has_begun());
    rolled_back.Rollback();
    rolled_back.Finish();
  }
  {
    TransactionStream left(client());
    ASSERT_TRUE(left.Begin().has_begun());
    left.Cancel();
  }
  v1::BatchRequest batch;
  batch.set_mode(v1::BATCH_MODE_ATOMIC);
  batch.add_steps()->mutable_statement()->set_sql("SELECT 1");
  for (const char* sql : {"SELECT 1", "SELECT 1/0"}) {
    batch.mutable_steps(0)->mutable_statement()->set_sql(sql);
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::BatchResponse response;
    (void)client().stub().Batch(&context, batch, &response);
  }

  EXPECT_TRUE(Becomes(ended("stream", "aborted"), 1));
  const MetricsPage page = Scrape();
  EXPECT_EQ(page[ended("stream", "committed")], 1);
  EXPECT_EQ(page[ended("stream", "rolled_back")], 1);
  EXPECT_EQ(page[ended("stream", "unknown")], 0);
  EXPECT_EQ(page[ended("batch", "committed")], 1);
  EXPECT_EQ(page[ended("batch", "rolled_back")], 1);
  EXPECT_EQ(page[R"(pgsluice_transaction_duration_seconds_count{kind="stream"})"], 3);
}

TEST_F(MetricsTest, TellsPoolsAsTheyAre) {
  StartMeasured({"pools.primary.max_size=1", "pools.primary.acquire_timeout=300ms",
                 "pools.primary.max_waiters=9"});
  const std::string pool = R"({pool="primary",backend="server0"})";
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());

  ASSERT_FALSE(client().Query("SELECT 1").ok()) << "there is one session only";

  const MetricsPage page = Scrape();
  const auto connections = [&](const char* state) {
    return page[absl::StrCat(R"(pgsluice_pool_connections{pool="primary",)",
                             R"(backend="server0",state=")", state, "\"}")];
  };
  EXPECT_EQ(connections("used"), 1);
  EXPECT_EQ(connections("idle"), 0);
  EXPECT_EQ(page["pgsluice_pool_connections_max" + pool], 1);
  EXPECT_EQ(page["pgsluice_pool_pending_requests" + pool], 0);
  EXPECT_EQ(page["pgsluice_pool_pending_requests_max" + pool], 9);
  EXPECT_EQ(page["pgsluice_pool_connections_opened_total" + pool], 1);
  EXPECT_EQ(page["pgsluice_pool_acquire_duration_seconds_count" + pool], 1);
  EXPECT_EQ(page["pgsluice_pool_connect_duration_seconds_count" + pool], 1);
  EXPECT_EQ(page["pgsluice_pool_use_duration_seconds_count" + pool], 0);
  EXPECT_EQ(page[R"(pgsluice_pool_acquire_failures_total{pool="primary",)"
                 R"(backend="server0",reason="timeout"})"],
            1);
  holder.Rollback();
  holder.Finish();
  EXPECT_TRUE(Becomes("pgsluice_pool_use_duration_seconds_count" + pool, 1));
}

TEST_F(MetricsTest, TellsWhichEndpointsAreThere) {
  StartMeasured();

  const MetricsPage page = Scrape();

  EXPECT_EQ(page[R"(pgsluice_backend_up{backend="server0",role="primary"})"], 1);
  EXPECT_EQ(page[R"(pgsluice_backend_up{backend="server1",role="replica"})"], 1);
  EXPECT_EQ(page["pgsluice_primary_available"], 1);
  EXPECT_GE(page[R"(pgsluice_replica_lag_bytes{backend="server1"})"], 0);
  EXPECT_EQ(page["pgsluice_ready"], 1);
  EXPECT_EQ(page["pgsluice_config_last_reload_success"], 1);
  EXPECT_GT(page["process_resident_memory_bytes"], 1e6);
  EXPECT_THAT(page.text(), ::testing::ContainsRegex(
                               "pgsluice_build_info\\{version=\"[^\"]+\",commit=\""));
}

TEST_F(MetricsTest, CountsCancelledStatementsAndFollowsThemToTheirEnd) {
  StartMeasured();
  const std::string pool = R"({pool="primary",backend="server0"})";

  const Answer answer =
      client().Query(MakeQuery("SELECT pg_sleep(60)"), absl::Milliseconds(300));

  ASSERT_FALSE(answer.ok());
  EXPECT_TRUE(Becomes("pgsluice_cancelled_statements_total" + pool, 1));
  EXPECT_TRUE(Becomes("pgsluice_cancelled_statements_followed" + pool, 0));
}

TEST_F(MetricsTest, IsNotThereWithoutAnAddress) {
  StartGateway({"server.metrics_listen_address="});

  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
