// examples/envoy.yaml, in front of the gateway: what callers want passes, and what
// hostile HTTP/2 does ends there. With the Envoy that scripts/lib/tools.sh gets.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/fault/attack.h"
#include "tests/testing/certificate_authority.h"
#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"
#include "tests/testing/process.h"
#include "tests/testing/values.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kExample[] = PGSLUICE_SOURCE_DIR "/examples/envoy.yaml";
constexpr int64_t kMiB = 1024 * 1024;

std::string FindEnvoy() {
  std::vector<std::string> directories = absl::StrSplit(getenv("PATH"), ':');
  directories.push_back(PGSLUICE_SOURCE_DIR "/build/tools/bin");
  for (const std::string& directory : directories) {
    if (std::filesystem::exists(directory + "/envoy")) return directory + "/envoy";
  }
  return "";
}

class EnvoyTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    if (FindEnvoy().empty()) {
      GTEST_SKIP()
          << "NOT TESTED: envoy is missing; get it by: scripts/install-deps tools";
    }
    StartGateway();
    ASSERT_TRUE(client().Query("SELECT 1").ok());
    StartEnvoy();
  }

  // Its example, but for paths and ports. It speaks to the gateway's port, as the fixture
  // does, in place of a Unix socket.
  void StartEnvoy() {
    const std::string& folder = cluster().temp_path();
    const CertificateAuthority authority(folder, "envoy");
    const KeyPair pair = authority.Issue("envoy", "IP:127.0.0.1,DNS:localhost");
    port_ = PickFreePort();
    const std::string example = ReadFile(kExample);
    const std::string socket = "pipe: { path: /run/pgsluice/grpc.sock }";
    ASSERT_THAT(example, HasSubstr(socket));
    const std::string config = absl::StrReplaceAll(
        example,
        {{"/run/secrets/gateway/tls.crt", pair.cert},
         {"/run/secrets/gateway/tls.key", pair.key},
         {"address: 0.0.0.0, port_value: 7432",
          absl::StrCat("address: 127.0.0.1, port_value: ", port_)},
         {socket, absl::StrCat("socket_address: { address: 127.0.0.1, port_value: ",
                               gateway().port(), " }")}});
    const std::string path = folder + "/envoy.yaml";
    std::ofstream(path) << config;
    log_ = folder + "/envoy.log";
    ProcessSpec spec;
    spec.argv = {FindEnvoy(), "-c", path, "--use-dynamic-base-id", "--concurrency", "1"};
    spec.stderr_path = log_;
    auto process = Process::Start(spec);
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
    credentials_ = ClientTls(authority.ca_file());
    caller_ = std::make_unique<GatewayClient>(port_, credentials_);
    ASSERT_TRUE(WaitFor("calls pass", [&] { return caller().Query("SELECT 1").ok(); }))
        << ReadFile(log_);
  }
  // Its calls go through Envoy.
  GatewayClient& caller() { return *caller_; }

  int port_ = 0;
  std::string log_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::unique_ptr<GatewayClient> caller_;
};

TEST_F(EnvoyTest, PassesErrorsDeadlinesStreamsAndTransactions) {
  const Answer failed = caller().Query("SELECT 1/0");
  EXPECT_EQ(failed.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK) << failed.failure;

  const Answer late =
      caller().Query(MakeQuery("SELECT pg_sleep(60)"), absl::Milliseconds(300));
  EXPECT_EQ(late.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << late.failure;
  EXPECT_TRUE(WaitFor("PostgreSQL is rid of it",
                      [] { return cluster().CountActive(0, "pg_sleep(60)") == 0; }));

  const StreamAnswer stream =
      caller().Stream(MakeStreamQuery("SELECT i FROM generate_series(1, 100000) i"));
  EXPECT_TRUE(stream.status.ok()) << stream.failure;
  EXPECT_TRUE(stream.has_trailer);
  EXPECT_EQ(stream.sum, 5'000'050'000u);

  const Answer large =
      caller().Query("SELECT length($1::text)", {Text(std::string(3 * kMiB, 'x'))});
  EXPECT_TRUE(large.ok()) << large.failure;

  TransactionStream transaction(caller());
  EXPECT_TRUE(transaction.Begin().has_begun());
  EXPECT_TRUE(transaction.Execute("SELECT 1").has_result());
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

struct HostileCase {
  std::string attack;
  std::string scale;
  std::string seen;
};

void PrintTo(const HostileCase& c, std::ostream* out) { *out << c.attack; }

// None of its calls reaches the gateway, and they are limited by address, however many
// connections they come by.
TEST_F(EnvoyTest, AnAttackerThatConnectsAgainReachesNobody) {
  gateway().ResetPeakMemory();
  const int64_t before = gateway().PeakMemory();

  const std::string seen = RunAttack("rapid_reset", "0.01", port_, cluster().temp_path(),
                                     {"--tls", "--source", "127.0.0.2", "--again", "3"});

  EXPECT_THAT(seen, HasSubstr(R"("connections": )"));
  EXPECT_TRUE(caller().Query("SELECT 1").ok());
  EXPECT_LT(gateway().PeakMemory() - before, 100 * kMiB);
}

class EnvoyAttackTest : public EnvoyTest,
                        public ::testing::WithParamInterface<HostileCase> {};

TEST_P(EnvoyAttackTest, EndsThere) {
  gateway().ResetPeakMemory();
  const int64_t before = gateway().PeakMemory();

  const std::string seen = RunAttack(GetParam().attack, GetParam().scale, port_,
                                     cluster().temp_path(), {"--tls"});

  EXPECT_THAT(seen, HasSubstr(GetParam().seen));
  EXPECT_TRUE(process_->IsRunning()) << ReadFile(log_);
  // By the connection that Envoy has had to the gateway all along, and a newcomer by it.
  EXPECT_TRUE(caller().Query("SELECT 1").ok());
  GatewayClient late(port_, credentials_);
  EXPECT_TRUE(late.Query("SELECT 1").ok());
  EXPECT_LT(gateway().PeakMemory() - before, 100 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, EnvoyAttackTest,
    ::testing::Values(HostileCase{"rapid_reset", "1", R"("closed": true)"},
                      HostileCase{"continuation_flood", "1", R"("closed": true)"},
                      HostileCase{"header_flood", "1", R"("closed": true)"},
                      HostileCase{"big_string", "1", R"("closed": true)"},
                      // Answered, each of them: the gateway sees none.
                      HostileCase{"settings_flood", "0.2", "frames"},
                      HostileCase{"ping_flood", "0.2", "frames"},
                      HostileCase{"bad_binary_header", "1", R"("refused": true)"},
                      HostileCase{"half_bodies", "0.3", "bytes"}),
    [](const auto& info) { return info.param.attack; });

}  // namespace
}  // namespace pgsluice::testing
