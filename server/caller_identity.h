// Who makes a call, and what is known of it. Value.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/jwt.h"

namespace pgsluice {

struct CallerIdentity {
  // At least one: of a token the one it has, of a certificate its alternative names.
  std::vector<std::string> names;
  // Of a JSON Web Token; null: it came without. Shared with the tokens that are known.
  std::shared_ptr<const JwtIdentity> token = {};
};

}  // namespace pgsluice
