// The same load by PostgreSQL's own pgbench: select-only, one thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/bench/load.h"

namespace pgsluice::bench {

struct PgbenchTarget {
  std::string bin_dir;
  // For its log.
  std::string temp_path;
  int port = 0;
  std::string database;
  // "extended" or "prepared".
  std::string protocol;
  // A script's file; empty: pgbench's own select-only one.
  std::string script = {};
};

// Returns when requests are under way. It ends by itself after `seconds`.
absl::StatusOr<std::unique_ptr<Load>> StartPgbenchLoad(const PgbenchTarget& target,
                                                       int in_flight, int seconds);

}  // namespace pgsluice::bench
