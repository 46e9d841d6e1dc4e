#include "server/config/variables.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pgsluice {

namespace {

constexpr std::string_view kOpen = "${";
constexpr std::string_view kDefault = ":-";

bool IsName(std::string_view text) {
  return !text.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

// What stands for `inside`, which is "NAME" or "NAME:-default".
absl::StatusOr<std::string> ValueFor(std::string_view inside,
                                     const Environment& environment) {
  const size_t split = inside.find(kDefault);
  const std::string name(inside.substr(0, split));
  // What is no name may be a secret: not quoted.
  if (!IsName(name)) {
    return absl::InvalidArgumentError(
        "after \"${\", expected the name of a variable and \"}\"; write \"$${\" for a "
        "plain \"${\"");
  }
  const auto found = environment.find(name);
  if (found != environment.end() && !found->second.empty()) return found->second;
  if (split != std::string_view::npos) {
    return std::string(inside.substr(split + kDefault.size()));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the variable ", name, " is not set; set it, or write ${", name, ":-default}"));
}

}  // namespace

absl::StatusOr<std::string> ExpandVariables(std::string_view text,
                                            const Environment& environment) {
  std::string expanded;
  while (true) {
    const size_t open = text.find(kOpen);
    if (open == std::string_view::npos) break;
    if (open > 0 && text[open - 1] == '$') {
      expanded.append(text.substr(0, open - 1)).append(kOpen);
      text.remove_prefix(open + kOpen.size());
      continue;
    }
    const size_t begin = open + kOpen.size();
    const size_t close = text.find('}', begin);
    if (close == std::string_view::npos) {
      return absl::InvalidArgumentError(
          "\"${\" without \"}\"; write \"$${\" for a plain \"${\"");
    }
    absl::StatusOr<std::string> value =
        ValueFor(text.substr(begin, close - begin), environment);
    if (!value.ok()) return value.status();
    expanded.append(text.substr(0, open)).append(*value);
    text.remove_prefix(close + 1);
  }
  return expanded.append(text);
}

}  // namespace pgsluice
