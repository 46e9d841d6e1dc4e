#include "server/caller_settings.h"

#include <optional>
#include <utility>

#include "pool/error_caller.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// `text`.
constexpr TypeOid kText = 25;

std::optional<std::string> ClaimOf(const CallerIdentity& caller, const std::string& name,
                                   const std::string& claim) {
  if (caller.token == nullptr) {
    if (claim != "name") return std::nullopt;
    return name;
  }
  const auto found = caller.token->claims.find(claim);
  if (found == caller.token->claims.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

}  // namespace

Statement NoSettings() {
  // Not prepared, and no reason for a reset: all of it ends with the transaction.
  return {.sql = "SELECT", .parameters = {}, .kind = StatementKind::kTransactionControl};
}

void AddSetting(std::string name, std::string value, Statement& settings) {
  const size_t first = settings.parameters.size() + 1;
  StrAppend(&settings.sql, first == 1 ? " " : ", ", "pg_catalog.set_config($", first,
            ", $", first + 1, ", true)");
  settings.parameters.push_back({.type = kText, .value = std::move(name)});
  settings.parameters.push_back({.type = kText, .value = std::move(value)});
}

absl::StatusOr<Statement> SettingsStatement(const std::vector<CallerSetting>& settings,
                                            const CallerIdentity& caller,
                                            const std::string& name) {
  Statement statement = NoSettings();
  for (const CallerSetting& setting : settings) {
    std::optional<std::string> value = setting.value;
    if (!setting.claim.empty()) value = ClaimOf(caller, name, setting.claim);
    if (!value.has_value()) {
      return CallerLacksClaim(name, setting.claim, setting.name);
    }
    AddSetting(setting.name, *std::move(value), statement);
  }
  return statement;
}

}  // namespace pgsluice
