#include "pgsluice/client/transaction.h"

#include <utility>

#include "client/cpp/src/request.h"
#include "client/cpp/src/transaction_row_source.h"
#include "client/cpp/src/transaction_stream.h"

namespace pgsluice::client {

Transaction::Transaction(std::unique_ptr<TransactionStream> stream)
    : stream_(std::move(stream)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

absl::StatusOr<ResultSet> Transaction::Execute(Statement statement,
                                               std::vector<Parameter> parameters) {
  v1::TransactionRequest request;
  *request.mutable_execute()->mutable_statement() =
      MakeStatement(statement, std::move(parameters));
  absl::StatusOr<v1::TransactionResponse> response = stream_->Call(std::move(request));
  if (!response.ok()) return response.status();
  return ResultSet::FromResponse(std::move(*response->mutable_result()));
}

absl::StatusOr<ResultSet> Transaction::ExecuteAndCommit(
    Statement statement, std::vector<Parameter> parameters) {
  v1::TransactionRequest request;
  *request.mutable_execute()->mutable_statement() =
      MakeStatement(statement, std::move(parameters));
  request.set_then_commit(true);
  absl::StatusOr<v1::TransactionResponse> response = stream_->Call(std::move(request));
  if (!response.ok() && stream_->is_over()) return response.status();
  // The answer to COMMIT: of a statement that failed, a rollback.
  const absl::Status committed = stream_->ReceiveCommit();
  if (!response.ok()) return response.status();
  if (!committed.ok()) return committed;
  return ResultSet::FromResponse(std::move(*response->mutable_result()));
}

absl::StatusOr<RowStream> Transaction::Query(Statement statement,
                                             std::vector<Parameter> parameters,
                                             v1::RowEncoding encoding) {
  v1::TransactionRequest request;
  v1::StreamRowsRequest& query = *request.mutable_query();
  *query.mutable_statement() = MakeStatement(statement, std::move(parameters));
  query.set_encoding(encoding);
  absl::Status sent = stream_->Send(std::move(request));
  if (!sent.ok()) return sent;
  return RowStream(nullptr, stream_->route(),
                   std::make_unique<TransactionRowSource>(*stream_));
}

absl::Status Transaction::Savepoint(std::string_view name) {
  v1::TransactionRequest request;
  request.mutable_savepoint()->set_name(std::string(name));
  return stream_->Call(std::move(request)).status();
}

absl::Status Transaction::RollbackTo(std::string_view name) {
  v1::TransactionRequest request;
  request.mutable_rollback_to()->set_name(std::string(name));
  return stream_->Call(std::move(request)).status();
}

absl::Status Transaction::Release(std::string_view name) {
  v1::TransactionRequest request;
  request.mutable_release()->set_name(std::string(name));
  return stream_->Call(std::move(request)).status();
}

absl::Status Transaction::Commit() {
  if (stream_->is_committed()) return absl::OkStatus();
  v1::TransactionRequest request;
  request.mutable_commit();
  absl::Status sent = stream_->Send(std::move(request));
  if (!sent.ok()) return sent;
  return stream_->ReceiveCommit();
}

absl::Status Transaction::Rollback() {
  v1::TransactionRequest request;
  request.mutable_rollback();
  absl::StatusOr<v1::TransactionResponse> response = stream_->Call(std::move(request));
  if (!response.ok()) return response.status();
  stream_->Close();
  return absl::OkStatus();
}

const std::string& Transaction::token() const { return stream_->token(); }
v1::TransactionState Transaction::state() const { return stream_->state(); }
const v1::Route& Transaction::route() const { return stream_->route(); }
std::optional<absl::Duration> Transaction::drain_notice() const {
  return stream_->drain_notice();
}
std::optional<v1::Expiring> Transaction::expiry_notice() const {
  return stream_->expiry_notice();
}

}  // namespace pgsluice::client
