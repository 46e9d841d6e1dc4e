#include "server/config/caller_methods.h"

#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

#include "pool/str_cat.h"
#include "server/config/config_errors.h"
#include "server/config/suggestion.h"

namespace pgsluice {

namespace {

using enum CallerMethod;

// In the order of the enumeration.
constexpr std::array<std::string_view, kCallerMethods> kNames = {
    "Query",     "StreamQuery", "Batch",          "Transaction",   "ResolveTransaction",
    "Health",    "PoolStats",   "WatchPoolStats", "TopStatements", "ExplainRoute",
    "reflection"};

struct Group {
  std::string_view name;
  std::vector<CallerMethod> methods;
};

const std::vector<Group>& Groups() {
  static const std::vector<Group> kGroups = {
      {"data",
       {kQuery, kStreamQuery, kBatch, kTransaction, kResolveTransaction, kHealth}},
      {"monitoring",
       {kHealth, kPoolStats, kWatchPoolStats, kTopStatements, kExplainRoute}},
      {"all",
       {kQuery, kStreamQuery, kBatch, kTransaction, kResolveTransaction, kHealth,
        kPoolStats, kWatchPoolStats, kTopStatements, kExplainRoute, kReflection}},
      {"none", {}}};
  return kGroups;
}

std::optional<MethodSet> MethodsNamed(std::string_view name) {
  MethodSet found;
  for (const Group& group : Groups()) {
    if (group.name != name) continue;
    for (const CallerMethod method : group.methods) found.Add(method);
    return found;
  }
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    found.Add(static_cast<CallerMethod>(i));
    return found;
  }
  return std::nullopt;
}

std::string Unknown(const std::string& name) {
  std::vector<std::string> known(kNames.begin(), kNames.end());
  for (const Group& group : Groups()) known.emplace_back(group.name);
  const std::string quoted = QuotedName(name);
  if (quoted.empty()) return "holds what is no name of a method";
  return StrCat("there is no method ", quoted, DidYouMean(name, known));
}

}  // namespace

std::string_view MethodName(CallerMethod method) {
  return kNames[static_cast<size_t>(method)];
}

absl::StatusOr<MethodSet> ParseMethods(std::string_view text) {
  MethodSet methods;
  const std::vector<std::string> names = absl::StrSplit(std::string(text), ',');
  for (const std::string& given : names) {
    const std::string name(absl::StripAsciiWhitespace(given));
    const std::optional<MethodSet> named = MethodsNamed(name);
    if (!named.has_value()) return absl::InvalidArgumentError(Unknown(name));
    methods.Add(*named);
  }
  return methods;
}

}  // namespace pgsluice
