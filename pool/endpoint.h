// An endpoint is one PostgreSQL server address; a role is what it is at present.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "pool/login.h"

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
  // logged. Without the password when that comes from a file.
  std::string conninfo;
  // Files that hold the connection string or the password, read anew at each connect;
  // empty: none.
  std::string conninfo_file = {};
  std::string password_file = {};
  // Its share of the reads, against others'; 0: none, as a replica.
  uint32_t weight = 1;
  std::string zone = {};  // Where it runs; empty: not said.
  // Whom to log in as; absent: as the connection string says.
  std::optional<NamedLogin> login = {};

  // The connection string is made anew at each connect.
  bool is_composed() const {
    return !conninfo_file.empty() || !password_file.empty() || login.has_value();
  }
  // Weight and zone are none of its address: with others it is the same endpoint.
  bool operator==(const Endpoint& other) const {
    return name == other.name && conninfo == other.conninfo &&
           conninfo_file == other.conninfo_file && password_file == other.password_file &&
           login == other.login;
  }
};

// What errors and logs call its sessions: its name, with that of its login.
std::string LabelOf(const Endpoint& endpoint);

// The connection string of an endpoint as it is now. Reads its files anew, so it may
// block. The error is free of secrets.
using ConninfoReader = std::function<absl::StatusOr<std::string>(const Endpoint&)>;

}  // namespace pgsluice
