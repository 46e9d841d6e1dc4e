#include "tests/bench/gateway_process.h"

#include <fstream>

#include "absl/strings/str_cat.h"

#include "tests/testing/free_port.h"
#include "tests/testing/gateway_client.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::bench {
namespace {

using testing::Process;
using testing::ProcessSpec;

void WriteConfiguration(const GatewayProcessSettings& settings, int port, int admin_port,
                        const std::string& path) {
  std::ofstream(path) << "endpoints:\n"
                      << "  - name: db\n"
                      << "    conninfo: \"" << settings.conninfo << "\"\n"
                      << "server:\n"
                      << "  listen_address: 127.0.0.1:" << port << "\n"
                      << "  admin_listen_address: 127.0.0.1:" << admin_port << "\n"
                      << "  metrics_listen_address: 127.0.0.1:0\n"
                      << "pools:\n"
                      << "  primary:\n"
                      << "    max_size: " << settings.sessions << "\n"
                      << "session:\n"
                      << "  privileged_login: ALLOWED\n";
}

}  // namespace

absl::StatusOr<std::unique_ptr<GatewayProcess>> GatewayProcess::Start(
    const GatewayProcessSettings& settings) {
  const int port = testing::PickFreePort();
  const int admin_port = testing::PickFreePort();
  const std::string stem = absl::StrCat(settings.temp_path, "/gateway", port);
  WriteConfiguration(settings, port, admin_port, stem + ".yaml");
  ProcessSpec spec;
  spec.argv = {PGSLUICED_PATH, "--config", stem + ".yaml"};
  for (const std::string& setting : settings.set) {
    spec.argv.insert(spec.argv.end(), {"--set", setting});
  }
  spec.stderr_path = stem + ".log";
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  testing::GatewayClient client(port);
  std::string last_failure;
  const auto is_ready = [&] {
    grpc::ClientContext context;
    testing::SetDeadline(context, testing::kCallLimit);
    for (const auto& [name, value] : settings.metadata) context.AddMetadata(name, value);
    v1::QueryResponse response;
    const grpc::Status status =
        client.stub().Query(&context, testing::MakeQuery("SELECT 1"), &response);
    last_failure = status.error_message();
    return !(*process)->IsRunning() || status.ok();
  };
  if (!testing::WaitFor("the gateway is ready", is_ready) || !(*process)->IsRunning()) {
    return absl::UnavailableError(absl::StrCat("the gateway is not ready: ", last_failure,
                                               "; its log:\n",
                                               testing::ReadFile(stem + ".log")));
  }
  return std::unique_ptr<GatewayProcess>(new GatewayProcess(*std::move(process), port));
}

}  // namespace pgsluice::bench
