#include "server/config/statement_file.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "yaml-cpp/yaml.h"

#include "server/config/config_errors.h"
#include "server/config/suggestion.h"
#include "server/config/units.h"
#include "server/config/yaml_documents.h"

namespace pgsluice {

namespace {

constexpr size_t kLongestName = 128;
constexpr size_t kLongestSql = 256 * 1024;

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> kKeys = {
      "name",        "sql", "parameters", "intent", "max_rows", "max_result_bytes",
      "max_duration"};
  return kKeys;
}

std::string Where(const YAML::Mark& mark) {
  return mark.is_null() ? "" : absl::StrCat(mark.line + 1, ":", mark.column + 1);
}

absl::Status Wrong(const YAML::Mark& mark, std::string_view what) {
  const std::string where = Where(mark);
  return absl::InvalidArgumentError(
      absl::StrCat(where, where.empty() ? "" : ": ", std::string(what)));
}

// Reads one entry.
class EntryReader final {
 public:
  explicit EntryReader(const YAML::Node& entry) : entry_(entry) {}

  absl::StatusOr<WrittenStatement> Read() {
    if (!entry_.IsMap()) {
      return Wrong(entry_.Mark(), "expected a statement, with its name and sql");
    }
    absl::Status named = ReadName();
    if (!named.ok()) return named;
    std::set<std::string> given;
    for (const auto& pair : entry_) {
      if (!pair.first.IsScalar()) return Fail(pair.first, "expected the name of a key");
      const std::string& key = pair.first.Scalar();
      if (!given.insert(key).second) {
        return Fail(pair.first, absl::StrCat(QuotedName(key), " is given twice"));
      }
      absl::Status read = ReadKey(pair.first, key, pair.second);
      if (!read.ok()) return read;
    }
    for (const char* key : {"sql", "intent"}) {
      if (!given.contains(key)) return Fail(entry_, absl::StrCat("has no ", key));
    }
    return std::move(result_);
  }

 private:
  // All other errors name the statement, so the name goes first.
  absl::Status ReadName() {
    result_.where = Where(entry_.Mark());
    for (const auto& pair : entry_) {
      if (!pair.first.IsScalar() || pair.first.Scalar() != "name") continue;
      const bool is_good =
          pair.second.IsScalar() && IsStatementName(pair.second.Scalar());
      if (!is_good) {
        return Wrong(
            pair.second.Mark(),
            "the name of a statement has letters, digits and _, with dots between "
            "its parts, as in orders.of_customer, and at most 128 of them");
      }
      result_.name = pair.second.Scalar();
      return absl::OkStatus();
    }
    return Wrong(entry_.Mark(), "a statement has no name");
  }

  absl::Status Fail(const YAML::Node& node, std::string_view what) const {
    return Wrong(node.Mark(),
                 absl::StrCat("statement ", result_.name, ": ", std::string(what)));
  }

  absl::Status ReadKey(const YAML::Node& at, const std::string& key,
                       const YAML::Node& value) {
    if (key == "parameters") return ReadParameters(value);
    if (std::find(Keys().begin(), Keys().end(), key) == Keys().end()) {
      const std::string quoted = QuotedName(key);
      return Fail(at, absl::StrCat("unknown key", quoted.empty() ? "" : " ", quoted,
                                   DidYouMean(key, Keys())));
    }
    if (!value.IsScalar()) {
      return Fail(value, absl::StrCat(key, ": expected a single value"));
    }
    const std::string& text = value.Scalar();
    if (key == "sql") return ReadSql(value, text);
    if (key == "intent") {
      if (text != "READ" && text != "WRITE") {
        return Fail(value, "intent: expected READ or WRITE");
      }
      result_.intent = text == "READ" ? Intent::kRead : Intent::kWrite;
    }
    if (key == "max_rows" &&
        (!absl::SimpleAtoi(text, &result_.max_rows) || result_.max_rows == 0)) {
      return Fail(value, "max_rows: expected a whole number above 0");
    }
    if (key == "max_result_bytes") {
      result_.max_result_bytes = ParseByteSize(text).value_or(0);
      if (result_.max_result_bytes == 0) {
        return Fail(value, "max_result_bytes: expected a size above 0, like 64KiB");
      }
    }
    if (key == "max_duration") {
      result_.max_duration = ParseDuration(text).value_or(absl::ZeroDuration());
      if (result_.max_duration == absl::ZeroDuration()) {
        return Fail(value, "max_duration: expected a time above 0, like 500ms");
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadSql(const YAML::Node& value, const std::string& text) {
    if (text.size() > kLongestSql) {
      return Fail(
          value, absl::StrCat("sql: has ", text.size(), " bytes; at most ", kLongestSql));
    }
    if (text.find('\0') != std::string::npos) {
      return Fail(value, "sql: has a NUL character");
    }
    result_.sql = text;
    return absl::OkStatus();
  }

  absl::Status ReadParameters(const YAML::Node& value) {
    if (!value.IsSequence()) {
      return Fail(value, "parameters: expected a list of types, like [int8, text]");
    }
    std::vector<std::string>& types = result_.parameters.emplace();
    for (const YAML::Node& type : value) {
      if (!type.IsScalar()) return Fail(type, "parameters: expected the name of a type");
      types.push_back(type.Scalar());
    }
    return absl::OkStatus();
  }

  const YAML::Node entry_;
  WrittenStatement result_;
};

absl::StatusOr<std::vector<WrittenStatement>> ReadAll(const YAML::Node& root) {
  std::vector<WrittenStatement> statements;
  // An empty file may be one that is being written.
  if (!root.IsMap()) return Wrong(root.Mark(), "expected a list called statements");
  bool is_given = false;
  for (const auto& pair : root) {
    const bool is_list = pair.first.IsScalar() && pair.first.Scalar() == "statements";
    if (!is_list || is_given) {
      return Wrong(pair.first.Mark(), "expected one list called statements, and no more");
    }
    is_given = true;
    if (!pair.second.IsSequence()) {
      return Wrong(pair.second.Mark(), "statements: expected a list");
    }
    for (const YAML::Node& entry : pair.second) {
      absl::StatusOr<WrittenStatement> statement = EntryReader(entry).Read();
      if (!statement.ok()) return statement.status();
      statements.push_back(*std::move(statement));
    }
  }
  return statements;
}

bool IsNamePart(std::string_view part) {
  const auto is_plain = [](char c) {
    return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
  };
  return !part.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(part[0])) &&
         std::all_of(part.begin(), part.end(), is_plain);
}

bool IsPattern(std::string_view text) {
  const auto is_plain = [](char c) {
    return c == '_' || c == '.' || c == '*' ||
           absl::ascii_isalnum(static_cast<unsigned char>(c));
  };
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), is_plain);
}

}  // namespace

absl::StatusOr<std::vector<WrittenStatement>> ParseStatementFile(std::string_view text) {
  try {
    const std::string owned(text);
    const YAML::Mark second = SecondDocument(owned);
    if (!second.is_null()) return Wrong(second, "a second document begins here");
    return ReadAll(YAML::Load(owned));
  } catch (const YAML::Exception& error) {
    return Wrong(error.mark, absl::StrCat("is no good YAML: ", error.msg));
  }
}

bool IsStatementName(std::string_view name) {
  if (name.size() > kLongestName) return false;
  while (true) {
    const size_t dot = name.find('.');
    if (!IsNamePart(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

absl::StatusOr<std::vector<std::string>> ParseStatementPatterns(std::string_view text) {
  std::vector<std::string> patterns;
  const std::vector<std::string> given = absl::StrSplit(std::string(text), ',');
  for (const std::string& one : given) {
    std::string pattern(absl::StripAsciiWhitespace(one));
    if (!IsPattern(pattern)) {
      return absl::InvalidArgumentError(
          "expected names of statements, by commas, with * for any characters");
    }
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

}  // namespace pgsluice
