// The `pgsluice` command: queries, health, pools, statements, routes and control of a
// gateway.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"

#include "client/cpp/cli/admin_command.h"
#include "client/cpp/cli/command_options.h"
#include "client/cpp/cli/duration_option.h"
#include "client/cpp/cli/health_command.h"
#include "client/cpp/cli/options.h"
#include "client/cpp/cli/pools_command.h"
#include "client/cpp/cli/query_command.h"
#include "client/cpp/cli/route_command.h"
#include "client/cpp/cli/security.h"
#include "client/cpp/cli/top_command.h"

namespace pgsluice::cli {
namespace {

constexpr char kExamples[] = R"(
Examples:
  pgsluice query 'select now()'
  pgsluice query 'select * from users where id = $1' 42 --read
  pgsluice query --csv --stream 'select * from events' > events.csv
  pgsluice query --report 'insert into users ...'    (prints a token)
  pgsluice query --read --at-least TOKEN 'select * from users'
  pgsluice query -1 -f changes.sql
  pgsluice query --named orders.of_customer 42
  pgsluice health --watch
  pgsluice pools --watch
  pgsluice top --order mean --watch
  pgsluice route --intent read
  pgsluice admin reload
  pgsluice admin pause --role primary --wait 30s

Parameters are sent as text whose type PostgreSQL infers from the statement; write a
cast where it cannot ($1::int). \N is NULL. Behind "--" they may begin with a dash.

Exit status: 0 done; 1 wrong arguments, or (health) not serving; 2 no connection to the
gateway; 3 the statement, or what was asked of the gateway, failed.)";

struct CommandLine {
  ConnectionOptions connection;
  QueryCommandOptions query;
  HealthCommandOptions health;
  PoolsCommandOptions pools;
  TopCommandOptions top;
  RouteCommandOptions route;
  AdminCommandOptions admin;
};

void AddSecurity(CLI::App& app, ConnectionOptions& connection) {
  app.add_option("--cacert", connection.ca_file,
                 "TLS, with a gateway whose certificate is signed by a CA in this PEM "
                 "file; system: by one that the system trusts")
      ->envname("PGSLUICE_CACERT")
      ->option_text("FILE");
  app.add_option("--cert", connection.cert_file,
                 "TLS, with this certificate of one's own, a PEM file")
      ->envname("PGSLUICE_CERT")
      ->option_text("FILE");
  app.add_option("--key", connection.key_file, "The certificate's key, a PEM file")
      ->envname("PGSLUICE_KEY")
      ->option_text("FILE");
  app.add_flag("--plaintext", connection.plaintext,
               "No TLS, whatever the environment says of certificates")
      ->envname("PGSLUICE_PLAINTEXT");
  app.add_option("--token-file", connection.token_file,
                 "A file with the bearer token that says who is calling; or the token in "
                 "PGSLUICE_TOKEN")
      ->envname("PGSLUICE_TOKEN_FILE")
      ->option_text("FILE");
}

absl::StatusOr<client::Client> Connect(const ConnectionOptions& connection) {
  client::ClientOptions options;
  absl::Status secured = Secure(connection, options);
  if (!secured.ok()) return secured;
  // A tool must be able to look at a gateway that is not serving, and say at once when
  // there is none.
  options.health_watch = client::HealthWatch::kOff;
  options.when_unreachable = client::WhenUnreachable::kFailFast;
  options.max_reconnect_delay = absl::Seconds(1);
  return client::Client::Connect(connection.address, options);
}

ExitCode Run(int argc, char** argv) {
  CommandLine line;
  CLI::App app("pgsluice: PostgreSQL over gRPC, from the command line", "pgsluice");
  app.set_help_flag("--help", "Print this help");
  app.set_version_flag("--version,-V", "pgsluice " PGSLUICE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExamples);
  app.add_option("-h,--addr", line.connection.address,
                 "The gateway's address; localhost:7432 unless given")
      ->envname("PGSLUICE_ADDR")
      ->option_text("HOST:PORT");
  AddDuration(
      app, "--timeout",
      [&line](absl::Duration value) { line.connection.timeout = value; },
      "Give up after this long, like 10s or 500ms");
  AddSecurity(app, line.connection);
  const CLI::App* query = AddQuery(app, line.query);
  const CLI::App* health = AddHealth(app, line.health);
  const CLI::App* pools = AddPools(app, line.pools);
  const CLI::App* route = AddRoute(app, line.route);
  AddTop(app, line.top);
  const CLI::App* admin = AddAdmin(app, line.admin);
  // CLI11 would take "--" for the end of the subcommand's own words.
  char** const end = argv + argc;
  char** const dashes = std::find_if(
      argv, end, [](const char* word) { return std::string_view(word) == "--"; });
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ExitCode::kOk : ExitCode::kUsage;
  }

  if (dashes != end) {
    line.query.words.insert(line.query.words.end(), dashes + 1, end);
  }

  if (admin->parsed()) return RunAdminCommand(line.admin, line.connection.timeout);
  const absl::StatusOr<client::Client> connected = Connect(line.connection);
  if (!connected.ok()) {
    std::fprintf(stderr, "pgsluice: %s\n",
                 std::string(connected.status().message()).c_str());
    return ExitCode::kUsage;
  }
  const client::Client& client = *connected;
  if (query->parsed()) return RunQueryCommand(client, line.connection, line.query);
  if (health->parsed()) return RunHealthCommand(client, line.connection, line.health);
  if (pools->parsed()) return RunPoolsCommand(client, line.connection, line.pools);
  if (route->parsed()) return RunRouteCommand(client, line.connection, line.route);
  return RunTopCommand(client, line.connection, line.top);
}

}  // namespace
}  // namespace pgsluice::cli

int main(int argc, char** argv) {
  return static_cast<int>(pgsluice::cli::Run(argc, argv));
}
