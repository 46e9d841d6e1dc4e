// The PostgreSQL user that the gateway logs in as, and whether it may be used. Rules
// file.
#pragma once

#include <string>

namespace pgsluice {

// As the server said when it was asked last.
struct Login {
  std::string name;
  bool is_superuser = false;
  bool bypasses_rls = false;
};

// What becomes of a login that may do everything.
enum class PrivilegedLogin {
  kRefused,  // Its endpoint is not used.
  kAllowed,
};

// Why it is refused, as of its endpoint; empty: it is fine.
std::string WhyRefused(const Login& login);

}  // namespace pgsluice
