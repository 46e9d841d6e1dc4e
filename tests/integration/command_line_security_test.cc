// The `pgsluice` command with TLS and a token.
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/certificate_authority.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "secret";
constexpr char kTokenLine[] =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b app\n";

struct CommandResult {
  int exit_status = -1;
  std::string output;
  std::string errors;
};

class CommandLineSecurityTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    const std::string& dir = cluster().temp_path();
    ca_ = std::make_unique<CertificateAuthority>(dir, "cli_ca");
    const KeyPair server = ca_->Issue("server", "IP:127.0.0.1");
    own_ = ca_->Issue("operator", "DNS:operator");
    std::ofstream(dir + "/hashes") << kTokenLine;
    std::ofstream(dir + "/token") << kToken << "\n";
    GatewaySettings settings;
    settings.conninfos = {cluster().server(0).conninfo()};
    settings.set = {"server.tls.cert_file=" + server.cert,
                    "server.tls.key_file=" + server.key,
                    "server.tls.client_ca_file=" + ca_->ca_file(),
                    "server.tls.client_certificates=OPTIONAL",
                    "authentication.enabled=true",
                    "authentication.tokens_file=" + dir + "/hashes",
                    "callers[0].name=operator",
                    "callers[0].methods=all",
                    "callers[1].name=app"};
    settings.credentials = ClientTls(ca_->ca_file(), own_);
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
  }

  CommandResult Run(std::vector<std::string> arguments,
                    std::vector<std::string> environment = {}) {
    const std::string stem = absl::StrCat(cluster().temp_path(), "/security", ++runs_);
    ProcessSpec spec;
    spec.argv = {PGSLUICE_COMMAND_PATH, "--timeout", "20s"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.environment = std::move(environment);
    spec.environment.push_back(
        absl::StrCat("PGSLUICE_ADDR=127.0.0.1:", gateway().port()));
    spec.stdout_path = stem + ".out";
    spec.stderr_path = stem + ".err";
    CommandResult result;
    result.exit_status = RunProcess(spec, absl::Seconds(40)).value_or(-1);
    result.output = ReadFile(spec.stdout_path);
    result.errors = ReadFile(spec.stderr_path);
    return result;
  }
  std::string TokenFile() { return cluster().temp_path() + "/token"; }

  std::unique_ptr<CertificateAuthority> ca_;
  KeyPair own_;
  static inline int runs_ = 0;
};

TEST_F(CommandLineSecurityTest, SaysWhoItIsByATokenOrACertificate) {
  const std::vector<std::vector<std::string>> ways = {
      {"--cacert", ca_->ca_file(), "--token-file", TokenFile()},
      {"--cacert", ca_->ca_file(), "--cert", own_.cert, "--key", own_.key}};
  for (std::vector<std::string> arguments : ways) {
    arguments.insert(arguments.end(), {"query", "-t", "SELECT 1"});
    const CommandResult result = Run(arguments);
    EXPECT_EQ(result.exit_status, 0) << result.errors;
  }
  const CommandResult by_environment =
      Run({"query", "-t", "SELECT 1"},
          {"PGSLUICE_CACERT=" + ca_->ca_file(), absl::StrCat("PGSLUICE_TOKEN=", kToken)});
  EXPECT_EQ(by_environment.exit_status, 0) << by_environment.errors;
}

TEST_F(CommandLineSecurityTest, IsToldWhatIsMissing) {
  const CommandResult stranger = Run({"--cacert", ca_->ca_file(), "query", "SELECT 1"});
  EXPECT_NE(stranger.exit_status, 0);
  EXPECT_THAT(stranger.errors, HasSubstr("neither a bearer token nor"));

  const CommandResult plain =
      Run({"--plaintext", "query", "SELECT 1"}, {"PGSLUICE_CACERT=" + ca_->ca_file()});
  EXPECT_EQ(plain.exit_status, 2) << plain.errors;

  const CommandResult no_file = Run({"--cacert", "/nonexistent", "query", "SELECT 1"});
  EXPECT_EQ(no_file.exit_status, 1);
  EXPECT_THAT(no_file.errors, HasSubstr("/nonexistent cannot be read"));

  const CommandResult half =
      Run({"--cacert", ca_->ca_file(), "--cert", own_.cert, "query", "SELECT 1"});
  EXPECT_EQ(half.exit_status, 1);
  EXPECT_THAT(half.errors, HasSubstr("go together"));
}

TEST_F(CommandLineSecurityTest, HealthNeedsNoCallerAndTellsOneMore) {
  const CommandResult stranger = Run({"--cacert", ca_->ca_file(), "health"});
  EXPECT_EQ(stranger.exit_status, 0) << stranger.errors;
  EXPECT_THAT(stranger.output, HasSubstr("SERVING"));
  EXPECT_THAT(stranger.output, Not(HasSubstr("endpoint")));

  const CommandResult known =
      Run({"--cacert", ca_->ca_file(), "--token-file", TokenFile(), "health"});
  EXPECT_EQ(known.exit_status, 0) << known.errors;
  EXPECT_THAT(known.output, HasSubstr("endpoint"));
  EXPECT_THAT(known.output, HasSubstr("certificate expires"));

  const CommandResult admin =
      Run({"--addr", absl::StrCat("127.0.0.1:", gateway().admin_port()), "health"});
  EXPECT_EQ(admin.exit_status, 0) << admin.errors;
}

}  // namespace
}  // namespace pgsluice::testing
