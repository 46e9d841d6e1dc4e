// The command line of pgsluiced.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pgsluice {

enum class CommandLineAction {
  kServe,
  kCheckConfig,      // Exit status 0, or 2 after printing every error.
  kDumpConfig,       // Print DumpConfig().
  kDoctor,           // Print what is wrong with the deployment, as text.
  kDoctorJson,       // The same as JSON.
  kExampleConfig,    // Print ExampleConfig().
  kConfigReference,  // Print ConfigReference(); makes docs/configuration.md.
  kIdempotencySql,   // Print the statements that make the table of idempotency keys.
  kPrint,            // Print `text` and exit 0: --help, --version.
};

struct CommandLine {
  CommandLineAction action = CommandLineAction::kServe;
  std::optional<std::string> config_file;  // --config
  std::vector<std::string> sets;           // --set, in order.
  std::string text;
};

// `version` is what --version prints. The error's message is to be shown to the user as
// it is; exit status 2.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv,
                                             const std::string& version);

}  // namespace pgsluice
