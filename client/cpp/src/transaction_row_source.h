// The messages of a result streamed within a transaction.
#pragma once

#include <optional>

#include "client/cpp/src/transaction_stream.h"
#include "pgsluice/client/row_stream.h"

namespace pgsluice::client {

class TransactionRowSource final : public RowSource {
 public:
  // The request must have been sent; `stream` outlives this.
  explicit TransactionRowSource(TransactionStream& stream);
  // Reads the rest and drops it: the transaction goes on behind it.
  ~TransactionRowSource() override;

  absl::StatusOr<Part> Next() override;

 private:
  TransactionStream& stream_;
  bool is_at_end_ = false;
  std::optional<v1::StreamTrailer> trailer_;  // Read, but not handed out yet.
};

}  // namespace pgsluice::client
