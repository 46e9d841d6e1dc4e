// The user that PostgreSQL's programs run as when the tests run as root, which those
// programs refuse.
#pragma once

#include <optional>
#include <sys/types.h>

namespace pgsluice::testing {

struct UnprivilegedUser {
  uid_t uid;
  gid_t gid;
};

// "postgres", else "nobody"; absent when the tests do not run as root.
std::optional<UnprivilegedUser> FindUnprivilegedUser();

}  // namespace pgsluice::testing
