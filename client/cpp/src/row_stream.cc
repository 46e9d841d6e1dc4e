#include "pgsluice/client/row_stream.h"

namespace pgsluice::client {

std::optional<Row> RowStream::Next() {
  while (next_in_block_ == block_.size()) {
    if (source_ == nullptr) return std::nullopt;
    absl::StatusOr<RowSource::Part> part = source_->Next();
    if (!part.ok()) {
      End(part.status());
      return std::nullopt;
    }
    if (auto* trailer = std::get_if<v1::StreamTrailer>(&*part)) {
      trailer_ = std::move(*trailer);
      End(CheckTrailer());
      return std::nullopt;
    }
    auto& rows = std::get<v1::StreamRows>(*part);
    if (columns_ == nullptr) columns_ = std::make_shared<const Columns>(rows.columns());
    absl::StatusOr<RowBlock> block = RowBlock::Make(columns_, std::move(rows));
    if (!block.ok()) {
      End(block.status());
      return std::nullopt;
    }
    block_ = *std::move(block);
    next_in_block_ = 0;
    rows_seen_ += block_.size();
  }
  return block_[next_in_block_++];
}

void RowStream::End(absl::Status status) {
  status_ = std::move(status);
  source_.reset();
  block_ = RowBlock();
  next_in_block_ = 0;
}

absl::Status RowStream::CheckTrailer() const {
  if (trailer_.row_count() == rows_seen_) return absl::OkStatus();
  return absl::DataLossError("the stream brought " + std::to_string(rows_seen_) +
                             " rows, its trailer says " +
                             std::to_string(trailer_.row_count()));
}

}  // namespace pgsluice::client
