// What a caller's entry sets in PostgreSQL for each of its statements, so that policies
// of row-level security can tell whose they are. Rules file.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "pool/statement.h"
#include "server/caller_identity.h"

namespace pgsluice {

struct CallerSetting {
  std::string name;        // As in "app.tenant".
  std::string claim = {};  // Empty: `value` holds.
  std::string value = {};

  bool operator==(const CallerSetting&) const = default;
};

// A statement that sets nothing yet; and what has it set one thing more, until the end of
// the transaction in which it runs.
Statement NoSettings();
void AddSetting(std::string name, std::string value, Statement& settings);

// Sets all of them, until the end of the transaction in which it runs. `name`: by which
// the caller has its entry; it is the claim "name" of who comes without a JSON Web Token.
// PERMISSION_DENIED when a claim is not there, or empty.
absl::StatusOr<Statement> SettingsStatement(const std::vector<CallerSetting>& settings,
                                            const CallerIdentity& caller,
                                            const std::string& name);

}  // namespace pgsluice
