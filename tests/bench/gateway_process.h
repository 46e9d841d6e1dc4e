// The gateway as users run it: the real pgsluiced with its default settings, in a
// process of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "tests/testing/process.h"

namespace pgsluice::bench {

// Names and values.
using Metadata = std::vector<std::pair<std::string, std::string>>;

struct GatewayProcessSettings {
  std::string conninfo;
  int sessions = 0;
  // "path=value".
  std::vector<std::string> set;
  // Of the call that finds out whether it is ready.
  Metadata metadata = {};
  std::string temp_path;
};

class GatewayProcess final {
 public:
  // Returns when it is ready.
  static absl::StatusOr<std::unique_ptr<GatewayProcess>> Start(
      const GatewayProcessSettings& settings);

  int port() const { return port_; }
  pid_t pid() const { return process_->pid(); }

 private:
  GatewayProcess(std::unique_ptr<testing::Process> process, int port)
      : process_(std::move(process)), port_(port) {}

  const std::unique_ptr<testing::Process> process_;
  const int port_;
};

}  // namespace pgsluice::bench
