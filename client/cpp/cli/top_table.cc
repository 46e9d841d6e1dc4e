#include "client/cpp/cli/top_table.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/cell_lines.h"
#include "client/cpp/cli/display_width.h"
#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

// From here on there is room for all columns.
constexpr int kWideFrom = 140;
// The SQL's column never gets narrower, even if lines get too long by it.
constexpr int kLeastSqlWidth = 16;
constexpr char kCutMark[] = "...";

std::string RoleText(v1::Role role) {
  if (role == v1::ROLE_PRIMARY) return "primary";
  return role == v1::ROLE_REPLICA ? "replica" : "unknown";
}

std::string ShortText(const google::protobuf::Duration& duration) {
  return ShortDuration(ToDuration(duration));
}

// Part of the time that passed through the gateway.
std::string ShareText(const google::protobuf::Duration& part,
                      const google::protobuf::Duration& whole) {
  const absl::Duration all = ToDuration(whole);
  if (all <= absl::ZeroDuration()) return "";
  char text[16];
  std::snprintf(text, sizeof(text), "%.0f",
                100 * absl::FDivDuration(ToDuration(part), all));
  return text;
}

std::string CutToWidth(const std::string& text, int width) {
  if (DisplayWidth(text) <= width) return text;
  const int room = width - DisplayWidth(kCutMark);
  size_t end = 0;
  for (size_t next = 0; next < text.size(); end = next) {
    do {
      ++next;
    } while (next < text.size() &&
             (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80);
    if (DisplayWidth(text.substr(0, next)) > room) break;
  }
  return text.substr(0, end) + kCutMark;
}

// What there is room for, and something to say in.
struct Shown {
  bool is_wide = false;
  bool has_names = false;
};

std::vector<TableColumn> Columns(Shown shown) {
  std::vector<TableColumn> columns = {{"total", Align::kRight}, {"%", Align::kRight},
                                      {"calls", Align::kRight}, {"mean", Align::kRight},
                                      {"p99", Align::kRight},   {"rows", Align::kRight},
                                      {"err", Align::kRight}};
  if (shown.is_wide) {
    for (const char* name : {"max", "queued", "stream"}) {
      columns.push_back({name, Align::kRight});
    }
    for (const char* name : {"pool", "tag", "fingerprint"}) columns.push_back({name});
  }
  if (shown.has_names) columns.push_back({"name"});
  columns.push_back({"statement"});
  return columns;
}

TableRow Row(const v1::StatementStats& statement, const v1::TopStatementsResponse& top,
             Shown shown) {
  TableRow row = {ShortText(statement.total_time()),
                  ShareText(statement.total_time(), top.total_time()),
                  std::to_string(statement.calls()),
                  ShortText(statement.mean_time()),
                  ShortText(statement.p99_time()),
                  std::to_string(statement.rows()),
                  std::to_string(statement.errors())};
  if (shown.is_wide) {
    row.insert(row.end(),
               {ShortText(statement.max_time()), ShortText(statement.queue_time()),
                ShortText(statement.stream_time()), RoleText(statement.role()),
                statement.last_tag(), statement.fingerprint()});
  }
  if (shown.has_names) row.emplace_back(statement.name());
  return row;
}

// What is left for the last column.
int WidthLeft(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows,
              int width) {
  int left = width - 2;  // Its own space before and after.
  for (size_t i = 0; i + 1 < columns.size(); ++i) {
    int widest = DisplayWidth(columns[i].name);
    for (const TableRow& row : rows) {
      widest = std::max(widest, WidestOf(SplitLines(row[i].value_or(""))));
    }
    left -= widest + 3;  // Two spaces and the line between.
  }
  return std::max(left, kLeastSqlWidth);
}

std::string Summary(const v1::TopStatementsResponse& top) {
  std::string text =
      std::to_string(top.statements_size()) + " of " + std::to_string(top.tracked()) +
      " statements; " + std::to_string(top.calls()) + " calls, " +
      ShortText(top.total_time()) + ", in the last " + ShortText(top.age());
  if (top.evicted() > 0) text += "; " + std::to_string(top.evicted()) + " dropped";
  return text + "\n";
}

}  // namespace

std::string ShortDuration(absl::Duration duration) {
  const auto pair = [](int64_t whole, char unit, int64_t part, char part_unit) {
    char text[48];
    std::snprintf(text, sizeof(text), "%lld%c%02lld%c", static_cast<long long>(whole),
                  unit, static_cast<long long>(part), part_unit);
    return std::string(text);
  };
  const auto number = [](double value, const char* unit) {
    char text[48];
    // Three digits tell enough.
    std::snprintf(text, sizeof(text), value < 99.95 ? "%.1f%s" : "%.0f%s", value, unit);
    return std::string(text);
  };
  if (duration < absl::Microseconds(999.5))
    return number(absl::ToDoubleMicroseconds(duration), "us");
  if (duration < absl::Milliseconds(999.5))
    return number(absl::ToDoubleMilliseconds(duration), "ms");
  if (duration < absl::Seconds(59.95))
    return number(absl::ToDoubleSeconds(duration), "s");
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds < 3600) return pair(seconds / 60, 'm', seconds % 60, 's');
  if (seconds < 86400) return pair(seconds / 3600, 'h', seconds / 60 % 60, 'm');
  return pair(seconds / 86400, 'd', seconds / 3600 % 24, 'h');
}

std::string TopTable(const v1::TopStatementsResponse& top, int width) {
  const bool is_wide = width == 0 || width >= kWideFrom;
  const bool has_names =
      std::any_of(top.statements().begin(), top.statements().end(),
                  [](const v1::StatementStats& row) { return !row.name().empty(); });
  const Shown shown = {.is_wide = is_wide, .has_names = is_wide && has_names};
  const std::vector<TableColumn> columns = Columns(shown);
  std::vector<TableRow> rows;
  for (const v1::StatementStats& statement : top.statements()) {
    rows.push_back(Row(statement, top, shown));
  }
  const int sql_width = WidthLeft(columns, rows, width);
  for (int i = 0; i < top.statements_size(); ++i) {
    const std::string& sql = top.statements(i).sql();
    rows[static_cast<size_t>(i)].push_back(width == 0 ? sql : CutToWidth(sql, sql_width));
  }
  AlignedFormat format(columns, "", true);
  return format.Format(rows) + Summary(top);
}

}  // namespace pgsluice::cli
