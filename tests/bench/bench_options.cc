#include "tests/bench/bench_options.h"

#include <algorithm>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

namespace pgsluice::bench {
namespace {

// Enough to see that everything works; the figures mean little.
void MakeQuick(BenchOptions& options) {
  options.rounds = 1;
  options.seconds = 1;
  options.idle_probes = 2;
  options.stream_rows = 100'000;
  options.slow_reader_megabytes = 100;
}

}  // namespace

bool BenchOptions::Wants(const std::string& part) const {
  return std::find(only.begin(), only.end(), part) != only.end();
}

ParsedOptions ParseOptions(int argc, char** argv) {
  ParsedOptions parsed;
  BenchOptions& options = parsed.options;
  bool is_quick = false;
  CLI::App app("Measures pgsluiced; prints a report in Markdown.", "pgsluice_bench");
  app.add_flag("--quick", is_quick, "a fast look whether everything runs");
  app.add_option("--only", options.only, "parts to run")
      ->delimiter(',')
      ->check(CLI::IsMember(options.only));
  app.add_option("--systems", options.systems, "whom to load in the unary part")
      ->delimiter(',')
      ->check(CLI::IsMember({"gateway", "transaction", "session", "direct"}));
  app.add_option("--in-flight", options.in_flight, "requests in flight")
      ->delimiter(',')
      ->check(CLI::Range(1, 1000));
  auto* rounds = app.add_option("--rounds", options.rounds, "interleaved rounds")
                     ->check(CLI::Range(1, 100));
  auto* seconds = app.add_option("--seconds", options.seconds, "length of one load")
                      ->check(CLI::Range(1, 600));
  app.add_option("--sessions", options.sessions,
                 "pool size of the gateway and of PgBouncer's transaction pooling")
      ->check(CLI::Range(1, 100));
  app.add_option("--gateway-set", options.gateway_set, "path=value, for the gateway");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.is_over = true;
    parsed.exit_status = app.exit(error);
    return parsed;
  }
  if (is_quick) {
    const BenchOptions given = options;
    MakeQuick(options);
    if (rounds->count() > 0) options.rounds = given.rounds;
    if (seconds->count() > 0) options.seconds = given.seconds;
  }
  options.command = "pgsluice_bench";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&options.command, " ", argv[i]);
  return parsed;
}

}  // namespace pgsluice::bench
