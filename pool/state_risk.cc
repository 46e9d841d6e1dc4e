#include "pool/state_risk.h"

#include <array>
#include <string>

#include "pool/harmless_functions.h"
#include "pool/sql_tokens.h"

namespace pgsluice {

namespace {

constexpr std::string_view kCatalog = "pg_catalog";
constexpr std::string_view kTemporarySchema = "pg_temp";
// A view whose UPDATE sets settings.
constexpr std::string_view kSettings = "pg_settings";
// Between INTO and the name, in SELECT INTO only.
constexpr std::array<std::string_view, 6> kIntoNewTable = {
    "temp", "temporary", "local", "global", "unlogged", "table"};

// PostgreSQL folds no more than these.
std::string Lower(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// A keyword or symbol; quoted names are neither.
bool IsWord(const SqlToken& token, std::string_view word) {
  return token.kind == SqlTokenKind::kWord && token.text.size() == word.size() &&
         Lower(token.text) == word;
}

std::string NameOf(const SqlToken& token) {
  return token.kind == SqlTokenKind::kWord ? Lower(token.text) : std::string(token.text);
}

bool IsName(const SqlToken& token) {
  return token.kind == SqlTokenKind::kWord || token.kind == SqlTokenKind::kQuotedName;
}

// A name, perhaps qualified, and what stands before it.
struct Path {
  SqlToken before;
  SqlToken schema;  // The part before the last one.
  SqlToken last;
  int parts = 0;
};

// After these, a name before an opening parenthesis is a type, an alias or a table.
bool IsNoCallAfter(const SqlToken& before) {
  return before.IsSymbol("::") || IsWord(before, "as") || IsWord(before, "into") ||
         IsWord(before, "with") || IsWord(before, "recursive");
}

// Of a name before an opening parenthesis.
bool IsHarmless(const Path& path) {
  if (IsNoCallAfter(path.before)) return true;
  const std::string name = NameOf(path.last);
  if (path.parts == 1) {
    const bool is_word = path.last.kind == SqlTokenKind::kWord;
    return IsHarmlessFunction(name) || (is_word && IsWordBeforeParenthesis(name));
  }
  return path.parts == 2 && NameOf(path.schema) == kCatalog && IsHarmlessFunction(name);
}

// SELECT INTO makes a table; INSERT INTO and MERGE INTO use one. Both words may be the
// names of columns, hence the look at what follows.
bool MakesTable(const SqlToken& before_into, const SqlToken& after_into) {
  if (!IsWord(before_into, "insert") && !IsWord(before_into, "merge")) return true;
  const std::string name = NameOf(after_into);
  if (name.starts_with(kTemporarySchema)) return true;
  for (std::string_view word : kIntoNewTable) {
    if (name == word) return true;
  }
  return false;
}

StateRisk JudgePlain(std::string_view sql) {
  SqlTokens tokens(sql);
  Path path;
  SqlToken before_previous;
  SqlToken previous;
  while (true) {
    const SqlToken token = tokens.Next();
    if (token.kind == SqlTokenKind::kEnd) return StateRisk::kNone;
    if (token.kind == SqlTokenKind::kUnclear) return StateRisk::kPossible;
    if (IsWord(previous, "into") && MakesTable(before_previous, token)) {
      return StateRisk::kPossible;
    }
    // OPERATOR(pg_catalog.=) is no call, one of another schema may be anything.
    const bool follows_operator =
        previous.IsSymbol("(") && IsWord(before_previous, "operator");
    if (follows_operator && (!IsName(token) || NameOf(token) != kCatalog)) {
      return StateRisk::kPossible;
    }
    if (IsName(token)) {
      if (token.text.size() == kSettings.size() && NameOf(token) == kSettings) {
        return StateRisk::kPossible;
      }
      if (previous.IsSymbol(".")) {
        path.schema = path.last;
        ++path.parts;
      } else {
        path.before = previous;
        path.parts = 1;
      }
      path.last = token;
    } else if (token.IsSymbol("(") && IsName(previous) && !IsWord(previous, "operator") &&
               !IsHarmless(path)) {
      return StateRisk::kPossible;
    } else if (token.IsSymbol(".") && !IsName(previous)) {
      path.parts = 2;  // Of something that is no name: no schema that we know.
      path.last = token;
    }
    before_previous = previous;
    previous = token;
  }
}

}  // namespace

StateRisk JudgeStateRisk(StatementKind kind, std::string_view sql) {
  switch (kind) {
    case StatementKind::kPlain: return JudgePlain(sql);
    case StatementKind::kTransactionControl:
    case StatementKind::kEmpty: return StateRisk::kNone;
    case StatementKind::kCopy:
    case StatementKind::kListen:
    case StatementKind::kOther: break;
  }
  return StateRisk::kPossible;
}

}  // namespace pgsluice
