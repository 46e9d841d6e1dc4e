#include "client/cpp/cli/error_report.h"

#include "absl/strings/ascii.h"

#include "client/cpp/cli/display_width.h"
#include "pgsluice/client/error.h"

namespace pgsluice::cli {
namespace {

void AppendField(const char* name, const std::string& value, std::string& out) {
  if (!value.empty()) out += std::string(name) + ":  " + value + "\n";
}

// The line of `sql` that holds character `position` (from 1), and a caret under it.
std::string PointAt(std::string_view sql, int position) {
  size_t at = 0;
  for (int i = 1; i < position && at < sql.size(); ++i) {
    do {
      ++at;
    } while (at < sql.size() && (static_cast<unsigned char>(sql[at]) & 0xC0) == 0x80);
  }
  int line_number = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < at; ++i) {
    if (sql[i] != '\n') continue;
    ++line_number;
    line_start = i + 1;
  }
  const size_t line_end = std::min(sql.find('\n', line_start), sql.size());
  const std::string prefix = "LINE " + std::to_string(line_number) + ": ";
  std::string line(sql.substr(line_start, line_end - line_start));
  for (char& c : line) {
    if (c == '\t') c = ' ';
  }
  const int before = DisplayWidth(std::string_view(line).substr(0, at - line_start));
  return prefix + line + "\n" + std::string(prefix.size() + before, ' ') + "^\n";
}

std::string VerdictLine(const client::Error& error) {
  if (error.outcome_unknown() && error.same_key_is_safe()) {
    return "OUTCOME:  unknown: run it again with the same key; it takes effect once\n";
  }
  if (error.outcome_unknown()) {
    return "OUTCOME:  unknown: it may have taken effect; look before you run it again\n";
  }
  std::string line;
  switch (error.retry_scope()) {
    case v1::RETRY_SCOPE_STATEMENT: line = "RETRY:  yes, the same statement"; break;
    case v1::RETRY_SCOPE_TRANSACTION: line = "RETRY:  yes, the whole transaction"; break;
    case v1::RETRY_SCOPE_RESOLVE_FIRST:
      return "RETRY:  only after finding out what became of it\n";
    default: return error.has_verdict() ? "RETRY:  no\n" : "";
  }
  if (error.retry_delay().has_value()) {
    line += ", after " + absl::FormatDuration(*error.retry_delay());
  }
  return line + "\n";
}

}  // namespace

std::string ErrorReport(const absl::Status& failure, std::string_view sql) {
  const client::Error error(failure);
  const v1::PostgresError& postgres = error.postgres();
  std::string out;
  if (postgres.sqlstate().empty()) {
    out = "pgsluice: " + absl::StatusCodeToString(failure.code());
    if (!error.reason().empty()) out += " (" + error.reason() + ")";
    out += ": " + error.message() + "\n";
    AppendField("FIELD", error.field(), out);
    if (error.reason() == "RESULT_TOO_LARGE") {
      out += "HINT:  run it with --stream, which has no such limit\n";
    }
    return out + VerdictLine(error);
  }
  out = (postgres.severity().empty() ? "ERROR" : postgres.severity()) + ":  " +
        postgres.sqlstate() + ": " +
        (postgres.message().empty() ? error.message() : postgres.message()) + "\n";
  if (postgres.position() > 0 && !sql.empty()) out += PointAt(sql, postgres.position());
  AppendField("DETAIL", postgres.detail(), out);
  AppendField("HINT", postgres.hint(), out);
  AppendField("CONTEXT", postgres.context(), out);
  AppendField("SCHEMA NAME", postgres.schema(), out);
  AppendField("TABLE NAME", postgres.table(), out);
  AppendField("COLUMN NAME", postgres.column(), out);
  AppendField("DATATYPE NAME", postgres.datatype(), out);
  AppendField("CONSTRAINT NAME", postgres.constraint(), out);
  return out + VerdictLine(error);
}

std::string NoticeReport(const v1::Notice& notice) {
  return notice.severity() + ":  " + notice.message() + "\n";
}

ExitCode ExitCodeFor(const absl::Status& failure) {
  if (failure.ok()) return ExitCode::kOk;
  if (!client::Error(failure).sqlstate().empty()) return ExitCode::kSql;
  // Of its own errors the gateway names the reason; the network has none to name.
  const bool is_network =
      absl::IsUnavailable(failure) && client::Error(failure).reason().empty();
  return is_network ? ExitCode::kConnection : ExitCode::kSql;
}

}  // namespace pgsluice::cli
