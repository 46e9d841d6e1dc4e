#include "pool/login.h"

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

}  // namespace pgsluice
