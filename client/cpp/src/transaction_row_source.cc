#include "client/cpp/src/transaction_row_source.h"

#include <utility>

namespace pgsluice::client {

TransactionRowSource::TransactionRowSource(TransactionStream& stream) : stream_(stream) {
  stream_.set_streaming(true);
}

TransactionRowSource::~TransactionRowSource() {
  while (!is_at_end_ && Next().ok()) {
  }
  stream_.set_streaming(false);
}

absl::StatusOr<RowSource::Part> TransactionRowSource::Next() {
  if (trailer_.has_value()) return Part(*std::move(trailer_));
  absl::StatusOr<v1::TransactionResponse> response = stream_.Receive();
  is_at_end_ = !response.ok() || !response->has_rows();
  if (!response.ok()) return response.status();
  if (response->has_rows()) return Part(std::move(*response->mutable_rows()));
  if (!response->has_result()) {
    return absl::DataLossError("the gateway answered a query with something else");
  }
  v1::QueryResponse& result = *response->mutable_result();
  v1::StreamTrailer& trailer = trailer_.emplace();
  trailer.set_row_count(result.row_count());
  trailer.set_rows_affected(result.rows_affected());
  trailer.set_command_tag(result.command_tag());
  *trailer.mutable_notices() = std::move(*result.mutable_notices());
  if (result.has_timing()) *trailer.mutable_timing() = result.timing();
  // A result without rows has its columns here alone.
  v1::StreamRows no_rows;
  *no_rows.mutable_columns() = std::move(*result.mutable_columns());
  return Part(std::move(no_rows));
}

}  // namespace pgsluice::client
