// Some rows as one message brought them, in either encoding.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/client/columns.h"
#include "pgsluice/client/row.h"
#include "pgsluice/v1/query.pb.h"

namespace pgsluice::client {

class RowBlock final {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = Row;

    Iterator(const RowBlock* block, size_t index) : block_(block), index_(index) {}
    Row operator*() const { return (*block_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const RowBlock* block_;
    size_t index_;
  };

  RowBlock() = default;
  // Refuses rows that do not add up with the columns or with `message.row_count`.
  static absl::StatusOr<RowBlock> Make(std::shared_ptr<const Columns> columns,
                                       v1::StreamRows message);

  size_t size() const { return data_ == nullptr ? 0 : data_->row_count; }
  Row operator[](size_t index) const { return Row(*data_, index); }
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, size()); }

 private:
  // On the heap, so that rows stay valid when the block is moved.
  std::unique_ptr<RowData> data_;
};

}  // namespace pgsluice::client
