// The PostgreSQL users that the gateway logs in as, and whether they may be used. Rules
// file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

// A user besides the one of the endpoints' own connection strings, for the callers that
// are to use it: with sessions of its own with each endpoint. In place of what the
// connection string says of user, password and certificate; all else stays.
struct NamedLogin {
  std::string name;  // Unique; used in metrics, logs and errors. Holds no secrets.
  std::string user;  // Of PostgreSQL.
  // Read anew at each connect; empty: the user has none here.
  std::string password_file = {};
  std::string cert_file = {};
  std::string key_file = {};

  bool operator==(const NamedLogin&) const = default;
};

// What logs and errors call the sessions of a login with an endpoint; `login`: its name,
// empty for the endpoint's own.
std::string SessionsLabel(std::string_view endpoint, std::string_view login);

// As the server said when it was asked last.
struct Login {
  std::string name;
  bool is_superuser = false;
  bool bypasses_rls = false;
};

// What becomes of a login that may do everything.
enum class PrivilegedLogin {
  kRefused,  // Its endpoint is not used; a named one is not used with the endpoint.
  kAllowed,
};

// Why it is refused, as of its endpoint; empty: it is fine.
std::string WhyRefused(const Login& login);
// As of the login, by what the server has said of users; also when it has said nothing of
// its user yet.
std::string WhyRefused(const NamedLogin& login, const std::vector<Login>& users);

}  // namespace pgsluice
