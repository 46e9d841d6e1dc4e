#include "server/config/environment_overlay.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/config/suggestion.h"

namespace pgsluice {

namespace {

// PGSLUICE_CONFIG names the file; the others are the command-line client's.
constexpr std::string_view kNoSettings[] = {
    "PGSLUICE_CONFIG",    "PGSLUICE_ADDR",  "PGSLUICE_ADMIN_ADDR",
    "PGSLUICE_CACERT",    "PGSLUICE_CERT",  "PGSLUICE_KEY",
    "PGSLUICE_PLAINTEXT", "PGSLUICE_TOKEN", "PGSLUICE_TOKEN_FILE"};

constexpr std::string_view kPort = "_PORT_";
// OpenTelemetry's variables are often given to all programs alike: a file of ours, which
// is for this one, goes before them.
constexpr std::string_view kWeak = "OTEL_";

bool IsPrefix(std::string_view prefix, std::string_view text) {
  return text.substr(0, prefix.size()) == prefix;
}

// In order of the descriptor and, in lists, of the index: 2 before 10.
std::vector<std::pair<int, int>> SortKey(const SettingPath& path) {
  std::vector<std::pair<int, int>> key;
  for (const PathStep& step : path) {
    key.emplace_back(step.field->number(), step.index.value_or(0));
  }
  return key;
}

struct Assignment {
  SettingPath path;
  std::string variable;
  std::string value;
};

std::vector<std::string> KnownVariables() {
  std::vector<std::string> names = {"PGSLUICE_CONFIG"};
  for (const SettingPath& path : AllSettings()) names.push_back(VariableName(path));
  return names;
}

void FailUnknown(const std::string& name, ConfigDraft& draft) {
  draft.errors.Add(name,
                   absl::StrCat("unknown variable", DidYouMean(name, KnownVariables())));
}

// What a variable says, and which one.
struct Found {
  std::string name;
  std::string value;
};

// In the order of the setting's facts: a later one holds.
std::vector<Found> OtherNamesOf(const SettingPath& path, const Environment& environment) {
  const config::v1::Setting& facts = FactsOf(*path.back().field);
  std::vector<Found> found;
  for (const std::string& name : facts.env()) {
    found.push_back({name, std::string(ValueOf(environment, name))});
  }
  for (const std::string& name : facts.env_milliseconds()) {
    found.push_back({name, std::string(ValueOf(environment, name))});
    if (!found.back().value.empty()) found.back().value += "ms";
  }
  return found;
}

void OverlayOtherNames(const Environment& environment, ConfigDraft& draft) {
  for (const SettingPath& path : AllSettings()) {
    const bool is_in_file = draft.loaded.origins.count(PathText(path)) > 0;
    for (const auto& [name, value] : OtherNamesOf(path, environment)) {
      if (value.empty() || (is_in_file && IsPrefix(kWeak, name))) continue;
      SetSetting(path, name, value, draft);
    }
  }
}

}  // namespace

std::string_view ValueOf(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : found->second;
}

bool IsServiceLink(std::string_view name, std::string_view value) {
  const std::string text(name);
  if (absl::EndsWith(text, "_SERVICE_HOST") || absl::EndsWith(text, "_SERVICE_PORT") ||
      absl::StrContains(text, "_SERVICE_PORT_")) {
    return true;
  }
  for (const std::string protocol : {"tcp", "udp", "sctp"}) {
    if (absl::EndsWith(text, "_PORT") && IsPrefix(protocol + "://", value)) return true;
    // _PORT_7432_TCP, and the same with _PROTO, _PORT or _ADDR behind it.
    const std::string tail = "_" + absl::AsciiStrToUpper(protocol);
    for (size_t at = text.find(kPort); at != std::string::npos;
         at = text.find(kPort, at + 1)) {
      const size_t digits = at + kPort.size();
      const size_t end = text.find_first_not_of("0123456789", digits);
      if (end == std::string::npos || end == digits) continue;
      if (IsPrefix(tail, std::string_view(text).substr(end))) return true;
    }
  }
  return false;
}

void OverlayEnvironment(const Environment& environment, ConfigDraft& draft) {
  OverlayOtherNames(environment, draft);
  std::vector<Assignment> assignments;
  for (const auto& [name, value] : environment) {
    if (!IsPrefix(kVariablePrefix, name) || value.empty() || IsServiceLink(name, value))
      continue;
    if (std::find(std::begin(kNoSettings), std::end(kNoSettings), name) !=
        std::end(kNoSettings)) {
      continue;
    }
    const std::optional<SettingPath> path = PathOfVariable(name);
    if (!path.has_value()) {
      FailUnknown(name, draft);
      continue;
    }
    assignments.push_back({*path, name, value});
  }
  std::sort(assignments.begin(), assignments.end(),
            [](const Assignment& a, const Assignment& b) {
              return std::pair(SortKey(a.path), a.variable) <
                     std::pair(SortKey(b.path), b.variable);
            });
  for (const Assignment& a : assignments) SetSetting(a.path, a.variable, a.value, draft);
}

}  // namespace pgsluice
