// PgBouncer in front of the bench's PostgreSQL: database "transaction" pools by
// transaction, "session" by session.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/testing/process.h"

namespace pgsluice::bench {

struct PgBouncerSettings {
  int postgres_port = 0;
  // In transaction pooling.
  int pool_size = 0;
  // In session pooling: as many as there are clients.
  int session_pool_size = 0;
  std::string temp_path;
};

class PgBouncer final {
 public:
  // Null when PgBouncer is not installed.
  static absl::StatusOr<std::unique_ptr<PgBouncer>> Start(
      const PgBouncerSettings& settings);

  int port() const { return port_; }
  pid_t pid() const { return process_->pid(); }

 private:
  PgBouncer(std::unique_ptr<testing::Process> process, int port)
      : process_(std::move(process)), port_(port) {}

  const std::unique_ptr<testing::Process> process_;
  const int port_;
};

// "1.18.0", or "" when it is not installed.
std::string PgBouncerVersion(const std::string& temp_path);

}  // namespace pgsluice::bench
