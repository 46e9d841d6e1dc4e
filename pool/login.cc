#include "pool/login.h"

#include <algorithm>

#include "pool/str_cat.h"

namespace pgsluice {

std::string WhyRefused(const Login& login) {
  // A superuser bypasses row-level security in any case.
  if (login.is_superuser) {
    return StrCat("is not used: its user ", login.name,
                  " is a superuser, so every caller could do everything; log in as "
                  "another user, or ALTER ROLE ",
                  login.name,
                  " NOSUPERUSER, or allow it: session.privileged_login: ALLOWED");
  }
  if (login.bypasses_rls) {
    return StrCat("is not used: its user ", login.name,
                  " has BYPASSRLS, so no row-level security would hold for any caller; "
                  "log in as another user, or ALTER ROLE ",
                  login.name,
                  " NOBYPASSRLS, or allow it: session.privileged_login: ALLOWED");
  }
  return "";
}

std::string WhyRefused(const NamedLogin& login, const std::vector<Login>& users) {
  const auto found =
      std::find_if(users.begin(), users.end(),
                   [&login](const Login& user) { return user.name == login.user; });
  if (found != users.end()) return WhyRefused(*found);
  return StrCat("is not used yet: the server has not said what its user ", login.user,
                " may do");
}

std::string SessionsLabel(std::string_view endpoint, std::string_view login) {
  if (login.empty()) return std::string(endpoint);
  return StrCat(endpoint, " (login ", login, ")");
}

}  // namespace pgsluice
