#include "client/cpp/cli/result_printer.h"

#include <set>
#include <string_view>

#include "client/cpp/cli/expanded_format.h"
#include "client/cpp/cli/json_format.h"
#include "client/cpp/cli/plain_format.h"

namespace pgsluice::cli {
namespace {

// Streamed tables are laid out in blocks of this many rows.
constexpr size_t kRowsHeldWhenStreaming = 1000;

Align AlignOf(std::string_view type_name) {
  static const std::set<std::string_view> kRightAligned = {
      "int2",    "int4", "int8", "float4", "float8",
      "numeric", "oid",  "xid",  "cid",    "money"};
  return kRightAligned.count(type_name) > 0 ? Align::kRight : Align::kLeft;
}

}  // namespace

ResultPrinter::ResultPrinter(const QueryCommandOptions& options, Rows rows, FILE* out)
    : options_(options), rows_(rows), out_(out) {}

void ResultPrinter::Begin(const client::Columns& columns) {
  std::vector<std::string> names;
  for (const v1::Column& column : columns) {
    columns_.push_back({column.name(), AlignOf(column.type_name())});
    type_names_.push_back(column.type_name());
    names.push_back(column.name());
  }
  json_keys_ = JsonKeys(names);
  aligned_.emplace(columns_, options_.null_text, !options_.tuples_only);
  if (columns_.empty() || options_.tuples_only) return;
  if (options_.format == Format::kCsv) Write(CsvHeader(columns_));
  if (options_.format == Format::kUnaligned) Write(UnalignedHeader(columns_));
}

absl::Status ResultPrinter::Add(const client::Row& row) {
  if (options_.format == Format::kJson) return AddJson(row);
  ++row_count_;
  TableRow cells;
  cells.reserve(row.size());
  for (size_t i = 0; i < row.size(); ++i) cells.push_back(row.Text(i));
  if (options_.format == Format::kCsv) {
    Write(CsvRow(cells, options_.null_text));
  } else if (options_.format == Format::kUnaligned) {
    Write(UnalignedRow(cells, options_.null_text));
  } else {
    held_.push_back(std::move(cells));
    if (rows_ == Rows::kStreamed && held_.size() == kRowsHeldWhenStreaming) Flush();
  }
  return absl::OkStatus();
}

// All at once: one array. Streamed: one object a line.
absl::Status ResultPrinter::AddJson(const client::Row& row) {
  std::string out;
  if (rows_ == Rows::kAllAtOnce) out = row_count_ == 0 ? "[\n  " : ",\n  ";
  ++row_count_;
  out += '{';
  for (size_t i = 0; i < row.size(); ++i) {
    absl::StatusOr<v1::Value> value = row.ValueAt(i);
    if (!value.ok()) return value.status();
    if (i > 0) out += ", ";
    out += json_keys_[i] + ": " + JsonValue(*value, type_names_[i]);
  }
  out += '}';
  if (rows_ == Rows::kStreamed) out += '\n';
  Write(out);
  return absl::OkStatus();
}

void ResultPrinter::End(const std::string& command_tag) {
  if (options_.format == Format::kJson) {
    if (rows_ == Rows::kAllAtOnce) Write(row_count_ == 0 ? "[]\n" : "\n]\n");
    return;
  }
  if (columns_.empty()) {
    if (!options_.tuples_only) Write(command_tag + "\n");
    return;
  }
  const bool is_expanded = options_.format == Format::kExpanded;
  if (!is_expanded || !held_.empty()) Flush();
  const bool has_footer =
      !options_.tuples_only &&
      (options_.format == Format::kAligned || options_.format == Format::kUnaligned ||
       (is_expanded && row_count_ == 0));
  if (has_footer) Write(RowCountFooter(row_count_));
  const bool is_table = options_.format == Format::kAligned || is_expanded;
  if (is_table) Write("\n");
}

void ResultPrinter::Flush() {
  if (options_.format == Format::kAligned) {
    Write(aligned_->Format(held_));
  } else if (options_.format == Format::kExpanded) {
    Write(FormatExpanded(columns_, held_, flushed_ + 1, options_.null_text,
                         !options_.tuples_only));
  }
  flushed_ += held_.size();
  held_.clear();
}

}  // namespace pgsluice::cli
