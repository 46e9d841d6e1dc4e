// Reflection and health as grpcurl sees them: no .proto file, no stub.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kCheck[] = "grpc.health.v1.Health/Check";

struct CommandResult {
  int exit_status = -1;
  std::string output;
};

std::string FindGrpcurl() {
  std::vector<std::string> directories = absl::StrSplit(getenv("PATH"), ':');
  directories.push_back(PGSLUICE_SOURCE_DIR "/build/tools/bin");
  for (const std::string& directory : directories) {
    if (std::filesystem::exists(directory + "/grpcurl")) return directory + "/grpcurl";
  }
  return "";
}

class ReflectionTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    if (FindGrpcurl().empty()) {
      GTEST_SKIP() << "NOT TESTED: grpcurl is missing; get it by: go install "
                      "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3";
    }
    StartGateway();
  }

  CommandResult Grpcurl(std::vector<std::string> arguments) {
    ProcessSpec spec;
    spec.argv = {FindGrpcurl(), "-plaintext", "-max-time", "20"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.stderr_path = absl::StrCat(cluster().temp_path(), "/grpcurl", ++runs_, ".out");
    CommandResult result;
    result.exit_status = RunProcess(spec, absl::Seconds(30)).value_or(-1);
    result.output = ReadFile(spec.stderr_path);
    return result;
  }
  std::string Address() { return absl::StrCat("127.0.0.1:", gateway().port()); }

  static inline int runs_ = 0;
};

TEST_F(ReflectionTest, ListsEveryService) {
  const CommandResult result = Grpcurl({Address(), "list"});

  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.output, HasSubstr("pgsluice.v1.GatewayService\n"));
  EXPECT_THAT(result.output, HasSubstr("grpc.health.v1.Health\n"));
  EXPECT_THAT(result.output, HasSubstr("grpc.reflection.v1alpha.ServerReflection\n"));
  EXPECT_THAT(result.output, HasSubstr("grpc.reflection.v1.ServerReflection\n"));
}

TEST_F(ReflectionTest, DescribesServicesMessagesAndMethods) {
  const CommandResult service =
      Grpcurl({Address(), "describe", "pgsluice.v1.GatewayService"});
  const CommandResult message = Grpcurl({Address(), "describe", "pgsluice.v1.Value"});
  const CommandResult method =
      Grpcurl({Address(), "describe", "pgsluice.v1.GatewayService.Transaction"});
  const CommandResult missing = Grpcurl({Address(), "describe", "pgsluice.v1.Nosuch"});

  EXPECT_THAT(service.output, HasSubstr("rpc StreamQuery"));
  EXPECT_THAT(message.output, HasSubstr("oneof kind"));
  EXPECT_THAT(method.output, HasSubstr("stream .pgsluice.v1.TransactionRequest"));
  EXPECT_NE(missing.exit_status, 0);
}

TEST_F(ReflectionTest, RunsAQuery) {
  const CommandResult result =
      Grpcurl({"-d",
               R"json({"statement": {"sql": "SELECT $1 + 1 AS n, $2::uuid AS u, 'x' AS t",
           "parameters": [{"int64": "41"},
                          {"text": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}]}})json",
               Address(), "pgsluice.v1.GatewayService/Query"});

  EXPECT_EQ(result.exit_status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr(R"json("int64": "42")json"));
  EXPECT_THAT(result.output, HasSubstr("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
  EXPECT_THAT(result.output, HasSubstr(R"json("commandTag": "SELECT 1")json"));
}

TEST_F(ReflectionTest, RunsAStreamAndATransaction) {
  const CommandResult stream =
      Grpcurl({"-d", R"json({"statement": {"sql": "SELECT generate_series(1, 3)"}})json",
               Address(), "pgsluice.v1.GatewayService/StreamQuery"});
  const CommandResult transaction = Grpcurl(
      {"-d",
       R"json({"begin": {}} {"execute": {"statement": {"sql": "SELECT 'inside'"}}} {"commit": {}})json",
       Address(), "pgsluice.v1.GatewayService/Transaction"});

  EXPECT_EQ(stream.exit_status, 0) << stream.output;
  EXPECT_THAT(stream.output, HasSubstr(R"json("rowCount": "3")json"));
  EXPECT_EQ(transaction.exit_status, 0) << transaction.output;
  EXPECT_THAT(transaction.output, HasSubstr("inside"));
  EXPECT_THAT(transaction.output, HasSubstr("committed"));
}

TEST_F(ReflectionTest, ShowsAnErrorWithItsDetails) {
  const CommandResult result =
      Grpcurl({"-d", R"json({"statement": {"sql": "SELECT * FROM nosuch"}})json",
               Address(), "pgsluice.v1.GatewayService/Query"});

  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.output, HasSubstr("NotFound"));
  EXPECT_THAT(result.output, HasSubstr("42P01"));
  EXPECT_THAT(result.output, HasSubstr("UNDEFINED_TABLE"));
}

TEST_F(ReflectionTest, AsksForHealthOnBothPorts) {
  const CommandResult details = Grpcurl({Address(), "pgsluice.v1.GatewayService/Health"});
  EXPECT_THAT(details.output, HasSubstr("ROLE_PRIMARY"));
  EXPECT_THAT(details.output, HasSubstr("ROLE_REPLICA"));

  const std::string request = R"json({"service": "readiness"})json";
  const CommandResult check = Grpcurl({"-d", request, Address(), kCheck});
  // The admin port has no reflection.
  const CommandResult on_admin_port =
      Grpcurl({"-import-path", PGSLUICE_SOURCE_DIR "/proto/third_party_interfaces",
               "-proto", "grpc/health/v1/health.proto", "-d", request,
               absl::StrCat("127.0.0.1:", gateway().admin_port()), kCheck});
  for (const CommandResult& result : {check, on_admin_port}) {
    EXPECT_EQ(result.exit_status, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr(R"json("status": "SERVING")json"));
  }
}

TEST_F(ReflectionTest, CanBeSwitchedOff) {
  gateway().Kill();
  StartGateway({"server.reflection=false"});

  EXPECT_NE(Grpcurl({Address(), "list"}).exit_status, 0);
}

}  // namespace
}  // namespace pgsluice::testing
