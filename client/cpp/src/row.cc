#include "pgsluice/client/row.h"

#include "client/cpp/src/packed_cell.h"
#include "client/cpp/src/value_text.h"

namespace pgsluice::client {

bool Row::IsNull(size_t column) const {
  if (data_->message.has_packed()) return !PackedCell(column).has_value();
  return client::IsNull(data_->message.rows(index_).values(column));
}

std::optional<std::string> Row::Text(size_t column) const {
  if (data_->message.has_packed()) {
    std::optional<std::string_view> cell = PackedCell(column);
    return cell.has_value() ? std::optional<std::string>(*cell) : std::nullopt;
  }
  const v1::Value& value = data_->message.rows(index_).values(column);
  if (client::IsNull(value)) return std::nullopt;
  return ValueText(value, type_name(column));
}

absl::StatusOr<v1::Value> Row::ValueAt(size_t column) const {
  if (column >= size()) {
    return absl::OutOfRangeError("the row has " + std::to_string(size()) +
                                 " columns; there is none at position " +
                                 std::to_string(column) + " (counted from 0)");
  }
  if (!data_->message.has_packed()) return data_->message.rows(index_).values(column);
  std::optional<std::string_view> cell = PackedCell(column);
  if (!cell.has_value()) return v1::Value();
  return ValueFromText(*cell, type_name(column));
}

absl::StatusOr<size_t> Row::IndexOf(std::string_view column) const {
  return data_->columns->Find(column);
}

absl::Status Row::Annotate(const absl::Status& error, size_t column) const {
  const v1::Column& described = (*data_->columns)[column];
  std::string name = "column " + std::to_string(column) + " \"" + described.name() + "\"";
  if (!described.type_name().empty()) name += " (" + described.type_name() + ")";
  return absl::Status(error.code(), name + " " + std::string(error.message()));
}

std::optional<std::string_view> Row::PackedCell(size_t column) const {
  const v1::PackedRows& packed = data_->message.packed();
  const size_t cell = index_ * data_->column_count + column;
  if (packed.lengths(cell) < 0) return std::nullopt;
  return std::string_view(packed.data())
      .substr(data_->offsets[cell], packed.lengths(cell));
}

std::string_view Row::type_name(size_t column) const {
  return (*data_->columns)[column].type_name();
}

}  // namespace pgsluice::client
