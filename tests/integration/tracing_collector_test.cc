// Spans as a real OpenTelemetry Collector reads them; scripts/lib/tools.sh builds it.
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"
#include "tests/testing/process.h"

namespace pgsluice::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr char kReady[] = "Everything is ready";

std::string FindCollector() {
  std::vector<std::string> directories = absl::StrSplit(getenv("PATH"), ':');
  directories.push_back(PGSLUICE_SOURCE_DIR "/build/tools/bin");
  for (const std::string& directory : directories) {
    if (std::filesystem::exists(directory + "/otelcol")) return directory + "/otelcol";
  }
  return "";
}

class TracingCollectorTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    if (FindCollector().empty()) {
      GTEST_SKIP() << "NOT TESTED: otelcol, the OpenTelemetry Collector, is missing; get "
                      "it by: scripts/install-deps tools";
    }
    port_ = PickFreePort();
    const std::string stem = cluster().temp_path() + "/otelcol";
    log_ = stem + ".log";
    std::ofstream(stem + ".yaml")
        << "receivers: {otlp: {protocols: {grpc: {endpoint: \"127.0.0.1:" << port_
        << "\"}}}}\n"
        << "exporters: {debug: {verbosity: detailed}}\n"
        << "service:\n"
        << "  telemetry: {metrics: {level: none}}\n"
        << "  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}\n";
    ProcessSpec spec;
    spec.argv = {FindCollector(), absl::StrCat("--config=file:", stem, ".yaml")};
    spec.stderr_path = log_;
    auto process = Process::Start(spec);
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
    ASSERT_TRUE(WaitFor("the collector is ready", [&] {
      return Log().find(kReady) != std::string::npos;
    })) << Log();
  }

  std::string Log() const { return ReadFile(log_); }

  int port_ = 0;
  std::string log_;
  std::unique_ptr<Process> process_;
};

TEST_F(TracingCollectorTest, ReadsWhatWeSend) {
  StartGateway({absl::StrCat("tracing.endpoint=http://127.0.0.1:", port_),
                "tracing.interval=20ms", "tracing.service_name=gate",
                "tracing.resource_attributes=deployment.environment.name=test"});
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  context.AddMetadata("traceparent",
                      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  v1::QueryResponse response;
  EXPECT_FALSE(client().stub().Query(&context, MakeQuery("SELECT 1/0"), &response).ok());

  const std::string own = "Name +: pgsluice.v1.GatewayService/Query";
  EXPECT_TRUE(WaitFor("the call is there", [&] {
    return Log().find("GatewayService/Query") != std::string::npos;
  }));
  const std::string log = Log();
  EXPECT_THAT(log, ContainsRegex("Trace ID +: 0af7651916cd43dd8448eb211c80319c"));
  EXPECT_THAT(log, ContainsRegex("Parent ID +: b7ad6b7169203331"));
  EXPECT_THAT(log, ContainsRegex(own));
  EXPECT_THAT(log, ContainsRegex("Kind +: Server"));
  EXPECT_THAT(log, ContainsRegex("Name +: execute"));
  EXPECT_THAT(log, ContainsRegex("Kind +: Client"));
  EXPECT_THAT(log, ContainsRegex("Status code +: Error"));
  EXPECT_THAT(log, HasSubstr("db.response.status_code: Str(22012)"));
  EXPECT_THAT(log, HasSubstr("service.name: Str(gate)"));
  EXPECT_THAT(log, HasSubstr("deployment.environment.name: Str(test)"));
}

}  // namespace
}  // namespace pgsluice::testing
