// Raw generated stubs with a channel of their own: what any foreign client would see,
// independent of our client library. Thread-safe.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pgsluice/v1/gateway_service.grpc.pb.h"
#include "tests/testing/failure.h"
#include "tests/testing/values.h"

namespace pgsluice::testing {

// Deadline of calls that are expected to end by themselves.
inline constexpr absl::Duration kCallLimit = absl::Seconds(20);

// Of Query.
struct Answer {
  grpc::Status status;
  v1::QueryResponse response;
  Failure failure;

  bool ok() const { return status.ok(); }
  // Cell of row r, column c; NULL when there is none.
  const v1::Value& at(int r, int c) const;
};

// Of StreamQuery, read to its end.
struct StreamAnswer {
  grpc::Status status;
  Failure failure;
  bool has_header = false;
  bool has_trailer = false;
  // Parts came as header, rows*, trailer and nothing else.
  bool is_well_formed = true;
  v1::StreamHeader header;
  v1::StreamTrailer trailer;
  uint64_t rows = 0;
  uint64_t messages = 0;
  size_t largest_message = 0;
  // Of cells in column 0, both encodings; int64 values only.
  uint64_t sum = 0;
};

class GatewayClient final {
 public:
  // Without TLS unless `credentials` are given.
  explicit GatewayClient(int port,
                         std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr);

  v1::GatewayService::Stub& stub() { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }

  Answer Query(std::string_view sql, std::vector<v1::Value> parameters = {});
  Answer Read(std::string_view sql, std::vector<v1::Value> parameters = {});
  Answer Query(const v1::QueryRequest& request, absl::Duration limit = kCallLimit);
  StreamAnswer Stream(const v1::StreamQueryRequest& request,
                      absl::Duration limit = kCallLimit);
  v1::PoolStatsResponse PoolStats(uint32_t history = 0);
  v1::HealthResponse Health();
  v1::TopStatementsResponse TopStatements(const v1::TopStatementsRequest& request = {});

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::GatewayService::Stub> stub_;
};

v1::QueryRequest MakeQuery(std::string_view sql, std::vector<v1::Value> parameters = {},
                           v1::Intent intent = v1::INTENT_UNSPECIFIED);
v1::StreamQueryRequest MakeStreamQuery(
    std::string_view sql, std::vector<v1::Value> parameters = {},
    v1::RowEncoding encoding = v1::ROW_ENCODING_VALUES);
void SetDeadline(grpc::ClientContext& context, absl::Duration limit);

}  // namespace pgsluice::testing
