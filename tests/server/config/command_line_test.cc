#include "server/config/command_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "pgsluiced");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), "1.2.3");
}

TEST(CommandLine, ServesByDefault) {
  const CommandLine line = Parse({}).value();

  EXPECT_EQ(line.action, CommandLineAction::kServe);
  EXPECT_EQ(line.config_file, std::nullopt);
  EXPECT_THAT(line.sets, IsEmpty());
}

TEST(CommandLine, TakesFileAndRepeatedSets) {
  const CommandLine line = Parse({"--config", "a.yaml", "--set", "a.b=c d", "--set=x=y=z",
                                  "--set", "e[0].f=1,2", "--check-config"})
                               .value();

  EXPECT_EQ(line.action, CommandLineAction::kCheckConfig);
  EXPECT_EQ(line.config_file, "a.yaml");
  EXPECT_THAT(line.sets, ElementsAre("a.b=c d", "x=y=z", "e[0].f=1,2"));
}

TEST(CommandLine, KnowsItsActions) {
  EXPECT_EQ(Parse({"--dump-config"})->action, CommandLineAction::kDumpConfig);
  EXPECT_EQ(Parse({"--doctor"})->action, CommandLineAction::kDoctor);
  EXPECT_EQ(Parse({"--doctor-json"})->action, CommandLineAction::kDoctorJson);
  EXPECT_EQ(Parse({"--example-config"})->action, CommandLineAction::kExampleConfig);
  EXPECT_EQ(Parse({"--idempotency-sql"})->action, CommandLineAction::kIdempotencySql);
  EXPECT_EQ(Parse({"--config-reference"})->action, CommandLineAction::kConfigReference);
}

TEST(CommandLine, PrintsVersionAndHelp) {
  EXPECT_EQ(Parse({"--version"})->action, CommandLineAction::kPrint);
  EXPECT_EQ(Parse({"--version"})->text, "pgsluiced 1.2.3\n");

  const CommandLine help = Parse({"--help"}).value();
  EXPECT_EQ(help.action, CommandLineAction::kPrint);
  for (const char* flag :
       {"--config", "--set", "--check-config", "--dump-config", "--doctor",
        "--doctor-json", "--example-config", "--idempotency-sql", "--version"}) {
    EXPECT_THAT(help.text, HasSubstr(flag));
  }
  EXPECT_THAT(help.text, Not(HasSubstr("--config-reference")));
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(
      Parse({"--chekc-config"}).status().message(),
      "unknown option \"--chekc-config\" (did you mean \"--check-config\"?); see --help");
  EXPECT_EQ(Parse({"postgres://u:secret@h/db"}).status().message(),
            "there is an argument that is not an option; see --help");
  EXPECT_THAT(std::string(Parse({"--config"}).status().message()), HasSubstr("--config"));
  EXPECT_THAT(std::string(Parse({"--set"}).status().message()), HasSubstr("--set"));
  EXPECT_FALSE(Parse({"--check-config", "--dump-config"}).ok());
}

}  // namespace
}  // namespace pgsluice
