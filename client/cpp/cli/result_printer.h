// Prints a result in the format asked for, all at once or row by row.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/options.h"
#include "client/cpp/cli/table.h"
#include "pgsluice/client/columns.h"
#include "pgsluice/client/row.h"

namespace pgsluice::cli {

enum class Rows { kAllAtOnce, kStreamed };

// Begin, Add for each row, End.
class ResultPrinter final {
 public:
  ResultPrinter(const QueryCommandOptions& options, Rows rows, FILE* out);

  void Begin(const client::Columns& columns);
  absl::Status Add(const client::Row& row);
  // `command_tag` is printed for statements that return no rows.
  void End(const std::string& command_tag);

 private:
  absl::Status AddJson(const client::Row& row);
  // Prints what is held back to be laid out together.
  void Flush();
  void Write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), out_); }

  const QueryCommandOptions& options_;
  const Rows rows_;
  FILE* const out_;

  std::vector<TableColumn> columns_;
  std::vector<std::string> type_names_;
  std::vector<std::string> json_keys_;
  std::optional<AlignedFormat> aligned_;
  std::vector<TableRow> held_;
  uint64_t row_count_ = 0;
  uint64_t flushed_ = 0;
};

}  // namespace pgsluice::cli
