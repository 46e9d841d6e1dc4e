#include "tests/bench/pgbouncer.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

#include "tests/testing/free_port.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::bench {
namespace {

using testing::Process;
using testing::ProcessSpec;

constexpr char kProgram[] = "/usr/sbin/pgbouncer";

void WriteConfiguration(const PgBouncerSettings& settings, int port,
                        const std::string& path) {
  const std::string server = absl::StrCat("host=127.0.0.1 port=", settings.postgres_port,
                                          " dbname=postgres user=postgres");
  std::ofstream(path) << "[databases]\n"
                      << "transaction = " << server << " pool_mode=transaction"
                      << " pool_size=" << settings.pool_size << "\n"
                      << "session = " << server << " pool_mode=session"
                      << " pool_size=" << settings.session_pool_size << "\n"
                      << "[pgbouncer]\n"
                      << "listen_addr = 127.0.0.1\n"
                      << "listen_port = " << port << "\n"
                      << "unix_socket_dir =\n"
                      << "auth_type = any\n"
                      << "max_client_conn = 1000\n"
                      << "ignore_startup_parameters = extra_float_digits\n"
                      << "log_connections = 0\n"
                      << "log_disconnections = 0\n";
}

}  // namespace

absl::StatusOr<std::unique_ptr<PgBouncer>> PgBouncer::Start(
    const PgBouncerSettings& settings) {
  if (!std::filesystem::exists(kProgram)) return nullptr;
  const int port = testing::PickFreePort();
  const std::string stem = settings.temp_path + "/pgbouncer";
  WriteConfiguration(settings, port, stem + ".ini");
  ProcessSpec spec;
  spec.argv = {kProgram, stem + ".ini"};
  spec.stderr_path = stem + ".log";
  spec.is_unprivileged = true;  // It refuses root.
  auto process = Process::Start(spec);
  if (!process.ok()) return process.status();
  const std::string conninfo =
      absl::StrCat("host=127.0.0.1 port=", port, " user=postgres dbname=transaction");
  const auto is_up = [&] {
    return !(*process)->IsRunning() || testing::SqlConnection::Open(conninfo).ok();
  };
  if (!testing::WaitFor("PgBouncer accepts connections", is_up) ||
      !(*process)->IsRunning()) {
    return absl::UnavailableError(
        absl::StrCat("PgBouncer did not start:\n", testing::ReadFile(stem + ".log")));
  }
  return std::unique_ptr<PgBouncer>(new PgBouncer(*std::move(process), port));
}

std::string PgBouncerVersion(const std::string& temp_path) {
  if (!std::filesystem::exists(kProgram)) return "";
  ProcessSpec spec;
  spec.argv = {kProgram, "--version"};
  spec.stderr_path = temp_path + "/pgbouncer_version";
  if (!testing::RunProcess(spec, absl::Seconds(5)).ok()) return "";
  std::istringstream text(testing::ReadFile(spec.stderr_path));
  std::string name, version;
  text >> name >> version;
  return version;
}

}  // namespace pgsluice::bench
