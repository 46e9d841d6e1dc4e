#include "server/config/config_errors.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pgsluice {

namespace {

constexpr size_t kLongestName = 80;

}  // namespace

void ConfigErrors::Add(std::string_view where, std::string_view what) {
  std::string line(where);
  if (!line.empty()) line += ": ";
  line += what;
  lines_.push_back(std::move(line));
}

absl::Status ConfigErrors::ToStatus() const {
  if (lines_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(lines_, "\n"));
}

std::string QuotedName(std::string_view text) {
  if (text.empty() || text.size() > kLongestName) return "";
  for (char c : text) {
    const bool in_name = absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.' ||
                         c == '[' || c == ']' || c == ' ' || c == '+';
    if (!in_name) return "";
  }
  return "\"" + std::string(text) + "\"";
}

}  // namespace pgsluice
