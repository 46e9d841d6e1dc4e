#include "server/config/command_line.h"

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

#include "server/config/config_errors.h"
#include "server/config/suggestion.h"

namespace pgsluice {

namespace {

constexpr char kDescription[] =
    "pgsluiced: a gRPC gateway for PostgreSQL.\n"
    "\n"
    "Settings come from, each overriding those before: defaults, those of a profile\n"
    "(profile: development, test or production), the file of --config, PGSLUICE_...\n"
    "variables (PGSLUICE_POOLS_PRIMARY_MAX_SIZE=20), --set. Without endpoints there,\n"
    "DATABASE_URL, POSTGRES_HOST or PGHOST and their like name the server.\n"
    "See --example-config.";

struct ActionFlag {
  const char* name;
  const char* help;
  CommandLineAction action;
};
constexpr ActionFlag kActionFlags[] = {
    {"--check-config", "Check the configuration, print every error; exit status 0 or 2",
     CommandLineAction::kCheckConfig},
    {"--dump-config", "Print the configuration in effect, without secrets",
     CommandLineAction::kDumpConfig},
    {"--doctor",
     "Look at the servers and say what is wrong with them and their settings; exit\n"
     "status 0, 1 with warnings, 2 with errors",
     CommandLineAction::kDoctor},
    {"--doctor-json", "The same, as JSON", CommandLineAction::kDoctorJson},
    {"--example-config", "Print a configuration file with every setting and its default",
     CommandLineAction::kExampleConfig},
    {"--idempotency-sql", "Print the SQL that makes the table of idempotency keys",
     CommandLineAction::kIdempotencySql},
    {"--config-reference", "", CommandLineAction::kConfigReference},
};

// What does not look like an option is not quoted: it may be a connection string.
absl::Status NotUnderstood(const std::string& argument) {
  std::vector<std::string> known = {"--config", "--set", "--version", "--help"};
  for (const ActionFlag& flag : kActionFlags) known.emplace_back(flag.name);
  const std::string name = argument.substr(0, argument.find('='));
  const std::string quoted = name.rfind("--", 0) == 0 ? QuotedName(name) : "";
  return absl::InvalidArgumentError(absl::StrCat(
      quoted.empty() ? "there is an argument that is not an option"
                     : absl::StrCat("unknown option ", quoted, DidYouMean(name, known)),
      "; see --help"));
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv,
                                             const std::string& version) {
  CommandLine result;
  std::string file;
  CLI::App app(kDescription, "pgsluiced");
  try {
    app.set_help_flag("-h,--help", "Print this help");
    CLI::Option* config =
        app.add_option("--config", file,
                       "YAML file; default: $PGSLUICE_CONFIG, else none")
            ->type_name("FILE");
    app.add_option(
           "--set", result.sets,
           "Overrides one setting, as in pools.primary.max_size=20; may be repeated")
        ->type_name("PATH=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    std::vector<CLI::Option*> actions;
    for (const ActionFlag& flag : kActionFlags) {
      actions.push_back(app.add_flag(flag.name)->description(flag.help));
      if (*flag.help == '\0') actions.back()->group("");  // Hidden.
    }
    CLI::Option* version_flag =
        app.add_flag("--version")->description("Print the version");
    app.allow_extras();  // Refused below, with words of our own.
    app.parse(argc, argv);
    if (const std::vector<std::string> extras = app.remaining(); !extras.empty()) {
      return NotUnderstood(extras.front());
    }

    if (config->count() > 0) result.config_file = file;
    for (size_t i = 0; i < actions.size(); ++i) {
      if (actions[i]->count() == 0) continue;
      if (result.action != CommandLineAction::kServe) {
        return absl::InvalidArgumentError(
            "--check-config, --dump-config, --doctor, --doctor-json, --example-config "
            "and --idempotency-sql exclude each other");
      }
      result.action = kActionFlags[i].action;
    }
    if (version_flag->count() > 0) {
      result.action = CommandLineAction::kPrint;
      result.text = absl::StrCat("pgsluiced ", version, "\n");
    }
    return result;
  } catch (const CLI::CallForHelp&) {
    result.action = CommandLineAction::kPrint;
    result.text = app.help();
    return result;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), "; see --help"));
  }
}

}  // namespace pgsluice
