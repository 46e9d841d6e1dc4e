// A file that goes away with its object.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace pgsluice {

class TempFile final {
 public:
  explicit TempFile(const std::string& content) {
    const char* directory = std::getenv("TMPDIR");
    path_ =
        std::string(directory == nullptr ? "/tmp" : directory) + "/pgsluice_test_XXXXXX";
    const int fd = mkstemp(path_.data());
    if (fd >= 0) close(fd);
    std::ofstream(path_) << content;
  }
  ~TempFile() { unlink(path_.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pgsluice
