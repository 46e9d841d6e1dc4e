#include "server/doctor/setting_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

#include "pool/str_cat.h"

namespace pgsluice::doctor {

namespace {

using Scope = ScopedSetting::Scope;

// The one that holds, of those that are there: the narrowest.
std::optional<Scope> ScopeOf(const ServerFacts& server, std::string_view name) {
  std::optional<Scope> scope;
  for (const ScopedSetting& setting : server.scoped_settings) {
    if (setting.name == name && (!scope.has_value() || *scope < setting.scope)) {
      scope = setting.scope;
    }
  }
  return scope;
}

}  // namespace

std::string TextOf(const ServerFacts& server, std::string_view name) {
  const auto found = server.settings.find(name);
  return found == server.settings.end() ? "" : found->second.value;
}

bool Is(const ServerFacts& server, std::string_view name, std::string_view value) {
  return TextOf(server, name) == value;
}

std::optional<int64_t> NumberOf(const ServerFacts& server, std::string_view name) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(TextOf(server, name), &number)) return std::nullopt;
  return number;
}

std::optional<absl::Duration> DurationOf(const ServerFacts& server,
                                         std::string_view name) {
  const std::optional<int64_t> number = NumberOf(server, name);
  if (!number.has_value()) return std::nullopt;
  const std::string& unit = server.settings.find(name)->second.unit;
  if (unit == "s") return absl::Seconds(*number);
  if (unit == "min") return absl::Minutes(*number);
  return absl::Milliseconds(*number);
}

std::string Text(absl::Duration duration) { return absl::FormatDuration(duration); }

std::string BytesText(int64_t bytes) {
  constexpr double kUnit = 1024;
  const char* const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= kUnit && unit + 1 < std::size(units)) {
    amount /= kUnit;
    ++unit;
  }
  return unit == 0 ? StrCat(bytes, " bytes")
                   : absl::StrFormat("%.1f %s", amount, units[unit]);
}

std::string DaysText(absl::Duration duration) {
  const int64_t hours = absl::ToInt64Hours(duration);
  return hours >= 48 ? StrCat(hours / 24, " days") : StrCat(hours, " hours");
}

std::string Identifier(std::string_view name) {
  const bool is_plain =
      !name.empty() && !absl::ascii_isdigit(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
      });
  if (is_plain) return std::string(name);
  return StrCat("\"", absl::StrReplaceAll(ForAbsl(name), {{"\"", "\"\""}}), "\"");
}

std::string Literal(std::string_view text) {
  return StrCat("'", absl::StrReplaceAll(ForAbsl(text), {{"'", "''"}}), "'");
}

std::string WhereSet(const ServerFacts& server, std::string_view name) {
  const std::optional<Scope> scope = ScopeOf(server, name);
  if (!scope.has_value()) return "";
  const std::string role = Identifier(server.login.role);
  const std::string database = Identifier(server.login.database);
  switch (*scope) {
    case Scope::kAllRoles: return " (set for all roles)";
    case Scope::kDatabase: return StrCat(" (set for the database ", database, ")");
    case Scope::kRole: return StrCat(" (set for the role ", role, ")");
    case Scope::kRoleInDatabase:
      return StrCat(" (set for the role ", role, " in the database ", database, ")");
  }
  return "";
}

std::string SetForRole(const ServerFacts& server, std::string_view name,
                       std::string_view value) {
  const bool is_of_both = ScopeOf(server, name) == Scope::kRoleInDatabase;
  return StrCat(
      "ALTER ROLE ", Identifier(server.login.role),
      is_of_both ? StrCat(" IN DATABASE ", Identifier(server.login.database)) : "",
      " SET ", name, " = ", Literal(value), ";");
}

std::string SetForServer(std::string_view name, std::string_view value) {
  return StrCat("ALTER SYSTEM SET ", name, " = ", Literal(value), ";");
}

}  // namespace pgsluice::doctor
