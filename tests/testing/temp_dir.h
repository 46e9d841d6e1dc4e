// A directory below /tmp that goes away with this object. Its path is short, because
// the path of a Unix socket is limited to 107 bytes.
#pragma once

#include <string>

namespace pgsluice::testing {

class TempDir final {
 public:
  // Owned by the unprivileged user, if there is one.
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Empty when it could not be made.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pgsluice::testing
