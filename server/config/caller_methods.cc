#include "server/config/caller_methods.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

#include "pool/str_cat.h"
#include "server/config/config_errors.h"
#include "server/config/suggestion.h"

namespace pgsluice {

namespace {

using enum RpcMethod;

struct Group {
  std::string_view name;
  std::vector<RpcMethod> methods;
};

const std::vector<RpcMethod>& AllMethods() {
  static const std::vector<RpcMethod> kAll = {
      kQuery,      kStreamQuery,  kBatch,          kTransaction,   kResolveTransaction,
      kHealth,     kPoolStats,    kWatchPoolStats, kTopStatements, kExplainRoute,
      kReflection, kOldReflection};
  return kAll;
}

const std::vector<Group>& Groups() {
  static const std::vector<Group> kGroups = {
      {"data",
       {kQuery, kStreamQuery, kBatch, kTransaction, kResolveTransaction, kHealth}},
      {"monitoring",
       {kHealth, kPoolStats, kWatchPoolStats, kTopStatements, kExplainRoute}},
      {"all", AllMethods()},
      {"none", {}}};
  return kGroups;
}

std::optional<MethodSet> MethodsNamed(std::string_view name) {
  MethodSet found;
  for (const Group& group : Groups()) {
    if (group.name != name) continue;
    for (const RpcMethod method : group.methods) found.Add(method);
    return found;
  }
  for (const RpcMethod method : AllMethods()) {
    if (MethodName(method) == name) found.Add(method);
  }
  if (found == MethodSet()) return std::nullopt;
  return found;
}

std::string Unknown(const std::string& name) {
  std::vector<std::string> known;
  for (const RpcMethod method : AllMethods()) known.emplace_back(MethodName(method));
  for (const Group& group : Groups()) known.emplace_back(group.name);
  const std::string quoted = QuotedName(name);
  if (quoted.empty()) return "holds what is no name of a method";
  return StrCat("there is no method ", quoted, DidYouMean(name, known));
}

}  // namespace

std::string_view MethodName(RpcMethod method) {
  const bool is_reflection = method == kReflection || method == kOldReflection;
  return is_reflection ? "reflection" : NameOf(method).method;
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
