// By what callers are known. Thread-safe, as its parts are.
#pragma once

#include "server/jwt_store.h"
#include "server/token_store.h"

namespace pgsluice {

struct CallerSecrets {
  TokenStore tokens;
  JwtStore jwts;
};

}  // namespace pgsluice
