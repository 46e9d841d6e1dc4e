#include "tests/testing/unprivileged_user.h"

#include <pwd.h>
#include <unistd.h>

namespace pgsluice::testing {

std::optional<UnprivilegedUser> FindUnprivilegedUser() {
  if (geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = getpwnam(name)) {
      return UnprivilegedUser{entry->pw_uid, entry->pw_gid};
    }
  }
  return std::nullopt;
}

}  // namespace pgsluice::testing
