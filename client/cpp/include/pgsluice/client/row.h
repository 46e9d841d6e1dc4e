// One row of a result, with typed getters.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/client/columns.h"
#include "pgsluice/client/value_reader.h"
#include "pgsluice/v1/query.pb.h"

namespace pgsluice::client {

// What rows point into; see RowBlock.
struct RowData {
  // Shared by the blocks of one result.
  std::shared_ptr<const Columns> columns;
  v1::StreamRows message;
  size_t row_count = 0;
  size_t column_count = 0;
  // PACKED: where each cell begins in the data.
  std::vector<size_t> offsets;
};

// A view, valid as long as the result (or, of a stream, until its next row).
class Row final {
 public:
  Row(const RowData& data, size_t index) : data_(&data), index_(index) {}

  size_t size() const { return data_->column_count; }

  // T is bool, an integer, float, double, std::string (PostgreSQL's text form, of any
  // type), Bytes, Numeric, Json, absl::Time (timestamptz), v1::Value, a vector of
  // these (an array), or an optional of these, which NULL needs. Errors name the column.
  template <typename T>
  absl::StatusOr<T> Get(size_t column) const {
    absl::StatusOr<v1::Value> value = ValueAt(column);
    if (!value.ok()) return value.status();
    T result{};
    absl::Status read = ReadValue(*value, result);
    if (!read.ok()) return Annotate(read, column);
    return result;
  }
  template <typename T>
  absl::StatusOr<T> Get(std::string_view column) const {
    absl::StatusOr<size_t> index = IndexOf(column);
    if (!index.ok()) return index.status();
    return Get<T>(*index);
  }
  template <typename T>
  absl::StatusOr<T> Get(const char* column) const {
    return Get<T>(std::string_view(column));
  }
  template <typename T, std::signed_integral I>
  absl::StatusOr<T> Get(I column) const {
    return Get<T>(static_cast<size_t>(column));
  }

  bool IsNull(size_t column) const;
  // PostgreSQL's text form; nothing for NULL. The cheapest getter with PACKED.
  std::optional<std::string> Text(size_t column) const;
  // The value as sent with VALUES; built from its text with PACKED (arrays: as text).
  absl::StatusOr<v1::Value> ValueAt(size_t column) const;

 private:
  absl::StatusOr<size_t> IndexOf(std::string_view column) const;
  absl::Status Annotate(const absl::Status& error, size_t column) const;
  // PACKED only; nothing for NULL.
  std::optional<std::string_view> PackedCell(size_t column) const;
  std::string_view type_name(size_t column) const;

  const RowData* data_;
  size_t index_;
};

template <>
inline absl::StatusOr<std::string> Row::Get<std::string>(size_t column) const {
  if (column >= size()) return ValueAt(column).status();
  std::optional<std::string> text = Text(column);
  if (!text.has_value()) return Annotate(NullError(), column);
  return *std::move(text);
}

}  // namespace pgsluice::client
