#include "tests/testing/transaction_stream.h"

#include <string>
#include <utility>

namespace pgsluice::testing {

TransactionStream::TransactionStream(GatewayClient& client, absl::Duration limit) {
  SetDeadline(context_, limit);
  stream_ = client.stub().Transaction(&context_);
}

TransactionStream::~TransactionStream() {
  if (is_finished_) return;
  Cancel();
  Finish();
}

bool TransactionStream::Send(v1::TransactionRequest request) {
  request.set_seq(++last_seq_);
  return stream_->Write(request);
}

std::optional<v1::TransactionResponse> TransactionStream::Receive() {
  v1::TransactionResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  return response;
}

v1::TransactionResponse TransactionStream::Ask(v1::TransactionRequest request) {
  // A failed Write means that the stream is over, which Receive finds out too.
  Send(std::move(request));
  return Receive().value_or(v1::TransactionResponse());
}

v1::TransactionResponse TransactionStream::Begin(const v1::Begin& begin) {
  v1::TransactionRequest request;
  *request.mutable_begin() = begin;
  return Ask(std::move(request));
}

v1::TransactionResponse TransactionStream::Execute(std::string_view sql,
                                                   std::vector<v1::Value> parameters) {
  return Ask(MakeExecute(sql, std::move(parameters)));
}

v1::TransactionResponse TransactionStream::Savepoint(std::string_view name) {
  v1::TransactionRequest request;
  request.mutable_savepoint()->set_name(std::string(name));
  return Ask(std::move(request));
}

v1::TransactionResponse TransactionStream::RollbackTo(std::string_view name) {
  v1::TransactionRequest request;
  request.mutable_rollback_to()->set_name(std::string(name));
  return Ask(std::move(request));
}

v1::TransactionResponse TransactionStream::Release(std::string_view name) {
  v1::TransactionRequest request;
  request.mutable_release()->set_name(std::string(name));
  return Ask(std::move(request));
}

v1::TransactionResponse TransactionStream::Commit() {
  v1::TransactionRequest request;
  request.mutable_commit();
  return Ask(std::move(request));
}

v1::TransactionResponse TransactionStream::Rollback() {
  v1::TransactionRequest request;
  request.mutable_rollback();
  return Ask(std::move(request));
}

Failure TransactionStream::Finish() {
  is_finished_ = true;
  while (Receive().has_value()) {
  }
  return Explain(stream_->Finish());
}

v1::TransactionRequest MakeExecute(std::string_view sql,
                                   std::vector<v1::Value> parameters) {
  v1::TransactionRequest request;
  *request.mutable_execute()->mutable_statement() =
      MakeStatement(sql, std::move(parameters));
  return request;
}

v1::Begin BeginReadOnly() {
  v1::Begin begin;
  begin.mutable_options()->set_intent(v1::INTENT_READ);
  return begin;
}

}  // namespace pgsluice::testing
