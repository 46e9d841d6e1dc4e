// The pgsluice client: PostgreSQL over gRPC, from C++.
//
//   pgsluice::client::Client client =
//   pgsluice::client::Client::Connect("localhost:7432"); auto result =
//   client.Query("select name from users where id = $1", {5}); if (!result.ok()) return
//   result.status(); for (auto row : *result) Print(row.Get<std::string>("name"));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

#include "pgsluice/client/error.h"
#include "pgsluice/client/options.h"
#include "pgsluice/client/parameter.h"
#include "pgsluice/client/pool_stats_stream.h"
#include "pgsluice/client/result_set.h"
#include "pgsluice/client/row_stream.h"
#include "pgsluice/client/statement.h"
#include "pgsluice/client/tls.h"
#include "pgsluice/client/transaction.h"
#include "pgsluice/v1/health.pb.h"
#include "pgsluice/v1/pool_stats.pb.h"
#include "pgsluice/v1/route.pb.h"
#include "pgsluice/v1/top_statements.pb.h"

namespace pgsluice::client {

struct ClientCore;

// Thread-safe. Copies share one channel. Failures are absl::Status; Error(status) tells
// SQLSTATE, reason and what may be sent again.
class Client final {
 public:
  // Does not wait: the first call connects. `target` is a gRPC target ("host:port",
  // "dns:///host:port", "unix:path").
  static Client Connect(const std::string& target, ClientOptions options = {});
  // On a channel made elsewhere, with its own service config.
  explicit Client(std::shared_ptr<grpc::Channel> channel, ClientOptions options = {});

  // Runs one statement, SQL or Named{"..."}, autocommitted, and returns its whole result.
  // Over the limits: RESOURCE_EXHAUSTED, use StreamQuery. Sent again by itself only where
  // that is safe.
  absl::StatusOr<ResultSet> Query(Statement statement,
                                  std::vector<Parameter> parameters = {},
                                  const QueryOptions& options = {}) const;
  // Runs one statement and streams its rows.
  absl::StatusOr<RowStream> StreamQuery(Statement statement,
                                        std::vector<Parameter> parameters = {},
                                        const QueryOptions& options = {}) const;

  absl::StatusOr<Transaction> Begin(const TransactionOptions& options = {}) const;
  // A transaction of one statement, in one round trip; run again like RunInTransaction.
  // Unlike Query, with an isolation and so on of its own.
  absl::StatusOr<ResultSet> ExecuteInTransaction(
      Statement statement, std::vector<Parameter> parameters = {},
      const TransactionOptions& options = {}) const;
  // Runs `body` in a transaction and commits it when body returns OK. Runs all of it
  // again, at most `max_attempts` times and within the deadline and the retry budget,
  // when the gateway's verdict allows it (serialization failure, deadlock, session lost
  // before COMMIT): body should return the status of the statement that failed, and have
  // no effects of its own. Never after a COMMIT whose outcome is unknown. The transaction
  // begins with its first statement.
  absl::Status RunInTransaction(const std::function<absl::Status(Transaction&)>& body,
                                const TransactionOptions& options = {}) const;

  absl::StatusOr<v1::HealthResponse> Health(
      absl::Duration timeout = absl::Seconds(5)) const;
  // With the latest `history` samples of each endpoint.
  absl::StatusOr<v1::PoolStatsResponse> PoolStats(
      absl::Duration timeout = absl::Seconds(5), uint32_t history = 0) const;
  // The same at an interval, and at once when an alert fires or clears.
  PoolStatsStream WatchPoolStats(const WatchOptions& options = {}) const;
  absl::StatusOr<v1::TopStatementsResponse> TopStatements(
      const v1::TopStatementsRequest& request,
      absl::Duration timeout = absl::Seconds(5)) const;

  // Where a call with these options would go now, and why not elsewhere.
  absl::StatusOr<v1::ExplainRouteResponse> ExplainRoute(
      const v1::RequestOptions& options, absl::Duration timeout = absl::Seconds(5)) const;

  // For other services of the same gateway, like grpc.health.v1.
  const std::shared_ptr<grpc::Channel>& channel() const;

 private:
  // Shared by copies of the client and by open streams.
  std::shared_ptr<const ClientCore> core_;
};

}  // namespace pgsluice::client
