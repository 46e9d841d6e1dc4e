// A gateway without PostgreSQL, for tests of the client: answers by script.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grpcpp/server.h"

#include "pgsluice/v1/error.pb.h"
#include "pgsluice/v1/gateway_service.grpc.pb.h"

namespace pgsluice::testing {

using TransactionServerStream =
    grpc::ServerReaderWriter<v1::TransactionResponse, v1::TransactionRequest>;

class FakeGateway final : public v1::GatewayService::Service {
 public:
  FakeGateway();
  ~FakeGateway() override;

  std::string address() const;
  // Stops serving: calls in progress are cut off.
  void Stop();

  // What the calls do; to be set before they are made.
  std::function<grpc::Status(const v1::QueryRequest&, v1::QueryResponse&)> on_query;
  std::vector<v1::StreamQueryResponse> stream_parts;
  grpc::Status stream_end;
  std::function<grpc::Status(grpc::ServerContext&, TransactionServerStream&)>
      on_transaction;

  std::vector<v1::QueryRequest> queries() const;

  grpc::Status Query(grpc::ServerContext* context, const v1::QueryRequest* request,
                     v1::QueryResponse* response) override;
  grpc::Status StreamQuery(grpc::ServerContext* context,
                           const v1::StreamQueryRequest* request,
                           grpc::ServerWriter<v1::StreamQueryResponse>* writer) override;
  grpc::Status Transaction(grpc::ServerContext* context,
                           TransactionServerStream* stream) override;

 private:
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<v1::QueryRequest> queries_;  // Guarded by mutex_.
};

struct FailureOptions {
  grpc::StatusCode code = grpc::StatusCode::ALREADY_EXISTS;
  std::string message = "duplicate key value";
  std::string reason = "UNIQUE_VIOLATION";
  std::string sqlstate = "23505";
  std::string constraint = "users_pkey";
  v1::Outcome outcome = v1::OUTCOME_ROLLED_BACK;
  v1::RetryScope scope = v1::RETRY_SCOPE_NEVER;
};
google::rpc::Status MakeRpcStatus(const FailureOptions& options);
// As the gateway sends it: with google.rpc.Status details.
grpc::Status MakeFailure(const FailureOptions& options);

// (id int4, name text) with the rows (1, "one"), (2, NULL).
void FillTwoRows(v1::QueryResponse& response);

// A transaction that runs every statement, except "fail", which fails; a query streams
// two rows, except "no rows"; "drain" is answered after a notice of shutdown.
grpc::Status PlayTransaction(TransactionServerStream& stream,
                             std::vector<std::string>& executed);

}  // namespace pgsluice::testing
