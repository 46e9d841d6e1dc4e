// An endpoint is one PostgreSQL server address; a role is what it is at present.
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

enum class Role {
  kUnknown,  // Never probed, or not reachable.
  kPrimary,  // Accepts writes and is the one to use for them.
  kReplica,  // In recovery.
};

std::string_view RoleName(Role role);

struct Endpoint {
  // Unique; used in metrics, logs and answers. Holds no secrets.
  std::string name;
  // libpq connection string, key=value: host, port, user, TLS. May hold a password: never
  // logged.
  std::string conninfo;
};

}  // namespace pgsluice
