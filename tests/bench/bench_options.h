// What to measure, and for how long.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pgsluice::bench {

struct BenchOptions {
  // All parts there are.
  std::vector<std::string> only = {"unary", "idle",     "stream", "memory",
                                   "batch", "acquire",  "route",  "metrics",
                                   "costs", "overload", "storm"};
  // Of "gateway", "transaction", "session", "direct".
  std::vector<std::string> systems = {"gateway", "transaction", "session", "direct"};
  std::vector<int> in_flight = {1, 8, 32, 128};
  int rounds = 3;
  // Of one load, its warm-up included.
  int seconds = 2;
  // Of the gateway's pool and of PgBouncer's in transaction pooling.
  int sessions = 10;
  int idle_probes = 20;
  int stream_rows = 1'000'000;
  int slow_reader_megabytes = 1100;
  // "path=value", handed to the gateway as --set.
  std::vector<std::string> gateway_set;
  // As given, without the path of the program.
  std::string command;

  bool Wants(const std::string& part) const;
};

struct ParsedOptions {
  BenchOptions options;
  // Set when there is nothing to run: help was asked for, or the usage was wrong.
  bool is_over = false;
  int exit_status = 0;
};

ParsedOptions ParseOptions(int argc, char** argv);

}  // namespace pgsluice::bench
