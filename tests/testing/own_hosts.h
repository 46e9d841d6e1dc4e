// A file in the place of /etc/hosts for one process: a host name whose address the test
// can change, as DNS does when a service moves. Needs root, for a mount namespace.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pgsluice::testing {

class OwnHosts final {
 public:
  // Fails, naming the reason, where there is no such thing. The file lives in
  // `temp_path`.
  static absl::StatusOr<std::unique_ptr<OwnHosts>> Create(const std::string& temp_path,
                                                          std::string name);

  // The one name that is known.
  const std::string& name() const { return name_; }
  // From the next time that it is asked for. An IPv4 address.
  void PointTo(const std::string& address) const;
  // What a command has to be put behind to see the file.
  std::vector<std::string> Wrapper() const;

 private:
  OwnHosts(std::string path, std::string name)
      : path_(std::move(path)), name_(std::move(name)) {}

  const std::string path_;
  const std::string name_;
};

}  // namespace pgsluice::testing
