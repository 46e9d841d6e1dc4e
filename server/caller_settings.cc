#include "server/caller_settings.h"

#include <optional>

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

absl::StatusOr<Statement> SettingsStatement(const std::vector<CallerSetting>& settings,
                                            const CallerIdentity& caller,
                                            const std::string& name) {
  // Not prepared, and no reason for a reset: all of it ends with the transaction.
  Statement statement{
      .sql = "SELECT", .parameters = {}, .kind = StatementKind::kTransactionControl};
  for (const CallerSetting& setting : settings) {
    std::optional<std::string> value = setting.value;
    if (!setting.claim.empty()) value = ClaimOf(caller, name, setting.claim);
    if (!value.has_value()) {
      return CallerLacksClaim(name, setting.claim, setting.name);
    }
    const size_t first = statement.parameters.size() + 1;
    StrAppend(&statement.sql, first == 1 ? " " : ", ", "pg_catalog.set_config($", first,
              ", $", first + 1, ", true)");
    statement.parameters.push_back({.type = kText, .value = setting.name});
    statement.parameters.push_back({.type = kText, .value = *std::move(value)});
  }
  return statement;
}

}  // namespace pgsluice
