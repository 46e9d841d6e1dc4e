#include "server/metrics/statement_counters.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

#include "pool/error.h"

namespace pgsluice {

namespace {

// What may stand in front of the first word.
constexpr size_t kMostInFront = 512;

constexpr std::pair<std::string_view, Operation> kWords[] = {
    {"select", Operation::kSelect}, {"insert", Operation::kInsert},
    {"update", Operation::kUpdate}, {"delete", Operation::kDelete},
    {"merge", Operation::kMerge},   {"with", Operation::kWith},
    {"call", Operation::kCall}};

bool IsSkipped(char c) { return absl::ascii_isspace(c) || c == '(' || c == ';'; }

// Where the comment at the begin of `sql` ends; 0: there is none.
size_t CommentLength(std::string_view sql) {
  std::string_view end;
  if (sql.starts_with("--")) end = "\n";
  if (sql.starts_with("/*")) end = "*/";
  if (end.empty()) return 0;
  const size_t found = sql.find(end, 2);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

std::string_view FirstWord(std::string_view sql) {
  sql = sql.substr(0, kMostInFront);
  while (!sql.empty()) {
    if (IsSkipped(sql.front())) {
      sql.remove_prefix(1);
      continue;
    }
    const size_t comment = CommentLength(sql);
    if (comment == 0) break;
    sql.remove_prefix(comment);
  }
  size_t length = 0;
  while (length < sql.size() && absl::ascii_isalpha(sql[length])) ++length;
  return sql.substr(0, length);
}

bool IsSameWord(std::string_view word, std::string_view lower_case) {
  return std::equal(word.begin(), word.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return absl::ascii_tolower(a) == b; });
}

std::string SqlstateOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  if (!details.has_value() || !details->postgres.has_value()) return "";
  return details->postgres->sqlstate;
}

}  // namespace

std::string_view OperationName(Operation operation) {
  for (const auto& [word, known] : kWords) {
    if (known == operation) return word;
  }
  return "other";
}

Operation OperationOf(std::string_view sql) {
  const std::string_view word = FirstWord(sql);
  for (const auto& [known, operation] : kWords) {
    if (IsSameWord(word, known)) return operation;
  }
  return Operation::kOther;
}

void StatementCounters::Count(const StatementEnd& end) {
  PerPool& pool = pools_[PoolIndexOf(end.role)];
  PerPool::Times& times = pool.times[static_cast<size_t>(OperationOf(end.sql))];
  (end.status.ok() ? times.ok : times.failed).Add(end.execute);
  pool.rows.Add(end.rows);
  pool.bytes.Add(end.bytes);
  if (end.status.ok()) return;
  const size_t code = std::min(static_cast<size_t>(end.status.raw_code()), kRpcCodes - 1);
  pool.errors[SqlstateClassOf(SqlstateOf(end.status))][code].Add();
}

}  // namespace pgsluice
