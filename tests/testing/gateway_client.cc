#include "tests/testing/gateway_client.h"

#include <algorithm>
#include <charconv>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pgsluice::testing {
namespace {

constexpr int kMaxMessageBytes = 256 << 20;

std::shared_ptr<grpc::Channel> MakeChannel(
    int port, std::shared_ptr<grpc::ChannelCredentials> credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // A connection of its own for each client of a test.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  if (credentials == nullptr) credentials = grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), credentials,
                                   arguments);
}

void AddUpRows(const v1::StreamRows& rows, int columns, StreamAnswer& answer) {
  answer.rows += rows.row_count();
  for (const v1::Row& row : rows.rows()) {
    if (row.values_size() > 0) answer.sum += row.values(0).int64();
  }
  size_t offset = 0;
  for (int i = 0; i < rows.packed().lengths_size(); ++i) {
    const int length = std::max(0, rows.packed().lengths(i));
    const char* const cell = rows.packed().data().data() + offset;
    uint64_t number = 0;
    if (i % columns == 0) std::from_chars(cell, cell + length, number);
    answer.sum += number;
    offset += length;
  }
}

void AddPart(const v1::StreamQueryResponse& part, StreamAnswer& answer) {
  ++answer.messages;
  answer.largest_message = std::max(answer.largest_message, part.ByteSizeLong());
  switch (part.part_case()) {
    case v1::StreamQueryResponse::kHeader:
      answer.is_well_formed &= answer.messages == 1;
      answer.has_header = true;
      answer.header = part.header();
      return;
    case v1::StreamQueryResponse::kRows:
      answer.is_well_formed &= answer.has_header && !answer.has_trailer;
      AddUpRows(part.rows(), std::max(1, answer.header.columns_size()), answer);
      return;
    case v1::StreamQueryResponse::kTrailer:
      answer.is_well_formed &= answer.has_header && !answer.has_trailer;
      answer.has_trailer = true;
      answer.trailer = part.trailer();
      return;
    case v1::StreamQueryResponse::PART_NOT_SET: answer.is_well_formed = false; return;
  }
}

}  // namespace

const v1::Value& Answer::at(int r, int c) const {
  if (r >= response.rows_size() || c >= response.rows(r).values_size()) {
    return v1::Value::default_instance();
  }
  return response.rows(r).values(c);
}

GatewayClient::GatewayClient(int port,
                             std::shared_ptr<grpc::ChannelCredentials> credentials)
    : channel_(MakeChannel(port, std::move(credentials))),
      stub_(v1::GatewayService::NewStub(channel_)) {}

Answer GatewayClient::Query(std::string_view sql, std::vector<v1::Value> parameters) {
  return Query(MakeQuery(sql, std::move(parameters)));
}

Answer GatewayClient::Read(std::string_view sql, std::vector<v1::Value> parameters) {
  return Query(MakeQuery(sql, std::move(parameters), v1::INTENT_READ));
}

Answer GatewayClient::Query(const v1::QueryRequest& request, absl::Duration limit) {
  grpc::ClientContext context;
  SetDeadline(context, limit);
  Answer answer;
  answer.status = stub_->Query(&context, request, &answer.response);
  answer.failure = Explain(answer.status);
  return answer;
}

StreamAnswer GatewayClient::Stream(const v1::StreamQueryRequest& request,
                                   absl::Duration limit) {
  grpc::ClientContext context;
  SetDeadline(context, limit);
  StreamAnswer answer;
  const auto reader = stub_->StreamQuery(&context, request);
  v1::StreamQueryResponse part;
  while (reader->Read(&part)) AddPart(part, answer);
  answer.status = reader->Finish();
  answer.failure = Explain(answer.status);
  return answer;
}

v1::PoolStatsResponse GatewayClient::PoolStats(uint32_t history) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::PoolStatsRequest request;
  request.set_history(history);
  v1::PoolStatsResponse response;
  const grpc::Status status = stub_->PoolStats(&context, request, &response);
  if (!status.ok()) response.Clear();
  return response;
}

v1::TopStatementsResponse GatewayClient::TopStatements(
    const v1::TopStatementsRequest& request) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::TopStatementsResponse response;
  const grpc::Status status = stub_->TopStatements(&context, request, &response);
  if (!status.ok()) response.Clear();
  return response;
}

v1::HealthResponse GatewayClient::Health() {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::HealthResponse response;
  const grpc::Status status = stub_->Health(&context, {}, &response);
  if (!status.ok()) response.Clear();
  return response;
}

v1::QueryRequest MakeQuery(std::string_view sql, std::vector<v1::Value> parameters,
                           v1::Intent intent) {
  v1::QueryRequest request;
  *request.mutable_statement() = MakeStatement(sql, std::move(parameters));
  request.mutable_options()->set_intent(intent);
  return request;
}

v1::StreamQueryRequest MakeStreamQuery(std::string_view sql,
                                       std::vector<v1::Value> parameters,
                                       v1::RowEncoding encoding) {
  v1::StreamQueryRequest request;
  *request.mutable_statement() = MakeStatement(sql, std::move(parameters));
  request.set_encoding(encoding);
  return request;
}

void SetDeadline(grpc::ClientContext& context, absl::Duration limit) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
  context.set_wait_for_ready(true);
}

}  // namespace pgsluice::testing
