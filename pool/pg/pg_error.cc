#include "pool/pg/pg_error.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace pgsluice {

namespace {

std::string Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

// The server's language does not change this one (from PostgreSQL 9.6).
std::string Severity(const PGresult* result) {
  std::string severity = Field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity.empty() ? Field(result, PG_DIAG_SEVERITY) : severity;
}

// In a text like "... failed: FATAL:  28P01: password authentication failed ...", where
// "28P01" begins; the last of several, the addresses of a host having been tried in turn.
size_t FindSqlstate(std::string_view text) {
  constexpr std::string_view kBehindSeverity = ":  ";
  constexpr size_t kLength = 5;
  const auto is_sqlstate = [](std::string_view code) {
    return code.size() == kLength && std::all_of(code.begin(), code.end(), [](char c) {
             return absl::ascii_isdigit(c) || absl::ascii_isupper(c);
           });
  };
  for (size_t at = text.rfind(kBehindSeverity); at != std::string_view::npos && at > 0;
       at = text.rfind(kBehindSeverity, at - 1)) {
    const size_t code = at + kBehindSeverity.size();
    if (is_sqlstate(text.substr(code, kLength)) &&
        text.substr(code + kLength).starts_with(": ")) {
      return code;
    }
  }
  return std::string_view::npos;
}

}  // namespace

PostgresFields FieldsOf(const PGresult* result) {
  PostgresFields fields;
  fields.sqlstate = Field(result, PG_DIAG_SQLSTATE);
  fields.severity = Severity(result);
  fields.message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  fields.detail = Field(result, PG_DIAG_MESSAGE_DETAIL);
  fields.hint = Field(result, PG_DIAG_MESSAGE_HINT);
  if (!absl::SimpleAtoi(Field(result, PG_DIAG_STATEMENT_POSITION), &fields.position)) {
    fields.position = 0;
  }
  fields.context = Field(result, PG_DIAG_CONTEXT);
  fields.schema = Field(result, PG_DIAG_SCHEMA_NAME);
  fields.table = Field(result, PG_DIAG_TABLE_NAME);
  fields.column = Field(result, PG_DIAG_COLUMN_NAME);
  fields.datatype = Field(result, PG_DIAG_DATATYPE_NAME);
  fields.constraint = Field(result, PG_DIAG_CONSTRAINT_NAME);
  // Errors that libpq makes itself carry no fields.
  if (fields.message.empty()) {
    fields.message = std::string(absl::StripSuffix(PQresultErrorMessage(result), "\n"));
  }
  return fields;
}

bool EndedItselfUnfinished(const PGresult* result) {
  return Severity(result) == "FATAL" && Field(result, PG_DIAG_SQLSTATE) == "57P01" &&
         Field(result, PG_DIAG_SOURCE_FUNCTION) == "ProcessInterrupts";
}

NoticeInfo NoticeOf(const PGresult* result) {
  return NoticeInfo{.severity = Severity(result),
                    .sqlstate = Field(result, PG_DIAG_SQLSTATE),
                    .message = Field(result, PG_DIAG_MESSAGE_PRIMARY)};
}

std::string ConnectionError(const PGconn* connection) {
  std::string text = PQerrorMessage(connection);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return absl::StrReplaceAll(text, {{"\n", " "}});
}

absl::Status ConnectError(std::string_view endpoint, std::string_view text) {
  const size_t sqlstate = FindSqlstate(text);
  if (sqlstate == std::string_view::npos) return ConnectFailed(endpoint, text);
  // The line of PostgreSQL's source that made it is of no use here.
  text = text.substr(0, text.find(" LOCATION:  ", sqlstate));
  return PostgresError({.sqlstate = std::string(text.substr(sqlstate, 5)),
                        .severity = "FATAL",
                        .message = std::string(text)},
                       {.endpoint = endpoint, .phase = Phase::kConnect});
}

std::string TakeSqlstate(std::string& text) {
  const size_t at = FindSqlstate(text);
  if (at == std::string_view::npos) return "";
  const std::string sqlstate = text.substr(at, 5);
  text.erase(std::min(text.size(), text.find(" LOCATION:  ", at)));
  text.erase(at, std::string_view("28P01: ").size());
  return sqlstate;
}

}  // namespace pgsluice
