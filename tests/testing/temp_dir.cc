#include "tests/testing/temp_dir.h"

#include <filesystem>
#include <stdlib.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "tests/testing/unprivileged_user.h"

namespace pgsluice::testing {

TempDir::TempDir() {
  char name[] = "/tmp/pgsluice.XXXXXX";
  if (mkdtemp(name) == nullptr) return;
  path_ = name;
  if (const auto user = FindUnprivilegedUser()) {
    if (chown(name, user->uid, user->gid) != 0) path_.clear();
  }
  chmod(name, 0755);
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;  // Nothing to be done about it.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pgsluice::testing
