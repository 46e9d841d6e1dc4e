// One write of a name into the ledger, by each of the methods whose COMMIT the gateway
// resolves, and what its caller was told.
#pragma once

#include <string>

#include "gtest/gtest.h"

#include "pgsluice/v1/transaction.pb.h"
#include "tests/testing/gateway_client.h"
#include "tests/testing/transaction_stream.h"
#include "tests/testing/values.h"

namespace pgsluice::testing {

inline constexpr char kInsertName[] = "INSERT INTO ledger VALUES ($1)";

struct Told {
  grpc::Status status;
  Failure failure;
  v1::Committed committed;  // Of a Transaction.
  bool is_committed = false;
  std::string endpoint;  // That served a committed Query.
};

// A transaction in one request.
inline v1::TransactionRequest OneShot(const std::string& name) {
  v1::TransactionRequest request = MakeExecute(kInsertName, {Text(name)});
  request.set_seq(1);
  request.mutable_begin();
  request.set_then_commit(true);
  return request;
}

inline Told WriteByTransaction(GatewayClient& client, const std::string& name,
                               absl::Duration limit = kCallLimit) {
  Told told;
  grpc::ClientContext context;
  SetDeadline(context, limit);
  const auto stream = client.stub().Transaction(&context);
  stream->Write(OneShot(name));
  stream->WritesDone();
  v1::TransactionResponse response;
  while (stream->Read(&response)) {
    if (!response.has_committed()) continue;
    told.is_committed = true;
    told.committed = response.committed();
  }
  told.status = stream->Finish();
  told.failure = Explain(told.status);
  return told;
}

inline Told WriteByBatch(GatewayClient& client, const std::string& name) {
  Told told;
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchRequest request;
  *request.add_steps()->mutable_statement() = MakeStatement(kInsertName, {Text(name)});
  v1::BatchResponse response;
  told.status = client.stub().Batch(&context, request, &response);
  told.failure = Explain(told.status);
  told.is_committed = told.status.ok();
  return told;
}

// By Query, with resolve_commit.
inline Told WriteByQuery(GatewayClient& client, const std::string& name) {
  Told told;
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::QueryRequest request;
  *request.mutable_statement() = MakeStatement(kInsertName, {Text(name)});
  request.mutable_options()->set_resolve_commit(true);
  request.mutable_options()->set_report(true);
  v1::QueryResponse response;
  told.status = client.stub().Query(&context, request, &response);
  told.failure = Explain(told.status);
  told.is_committed = told.status.ok();
  if (told.is_committed) {
    EXPECT_EQ(response.command_tag(), "INSERT 0 1");
    told.endpoint = response.route().endpoint();
  }
  return told;
}

// By one method after the other.
inline Told WriteInTurns(GatewayClient& client, int i, const std::string& name) {
  switch (i % 3) {
    case 0: return WriteByTransaction(client, name);
    case 1: return WriteByBatch(client, name);
    default: return WriteByQuery(client, name);
  }
}

}  // namespace pgsluice::testing
