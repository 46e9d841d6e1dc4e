// The `pgsluice` command: queries, health, pools, statements, routes and control of a
// gateway.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "absl/strings/escaping.h"

#include "client/cpp/cli/admin_command.h"
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

// "10s", "500ms", or a number of seconds.
std::string CheckDuration(std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789.") == std::string::npos) {
    text += 's';
  }
  absl::Duration duration;
  const bool is_good =
      absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration();
  return is_good ? "" : "not a duration like 10s or 500ms: " + text;
}

void AddDuration(CLI::App& app, const std::string& name,
                 std::function<void(absl::Duration)> set, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [set = std::move(set)](const std::string& text) {
           absl::Duration duration;
           if (absl::ParseDuration(text, &duration)) set(duration);
         },
         help)
      ->transform(CLI::Validator(CheckDuration, "DURATION"))
      ->option_text("DURATION");
}

// A token as --report prints it.
std::string TakeToken(std::string& text) {
  std::string bytes;
  const bool is_good = absl::Base64Unescape(text, &bytes) && !bytes.empty();
  if (!is_good) return "not a token as --report prints it: " + text;
  text = bytes;
  return "";
}

void AddFreshness(CLI::App& query, QueryCommandOptions& options) {
  static const std::map<std::string, v1::IfUnmet> kIfUnmet = {
      {"wait", v1::IF_UNMET_WAIT},
      {"primary", v1::IF_UNMET_PRIMARY},
      {"fail", v1::IF_UNMET_FAIL}};
  CLI::Option* at_least =
      query
          .add_option("--at-least", options.at_least,
                      "With --read: must see the write that this token came with, as "
                      "--report printed it")
          ->transform(CLI::Validator(TakeToken, "TOKEN"))
          ->option_text("TOKEN");
  AddDuration(
      query, "--max-staleness",
      [&options](absl::Duration value) { options.max_staleness = value; },
      "With --read: must see every commit older than this");
  query.get_option("--max-staleness")->excludes(at_least);
  query
      .add_option("--if-unmet", options.if_unmet,
                  "With one of them, when no replica is that fresh: wait for one, go to "
                  "the primary, or fail; unless given, wait a little and go there")
      ->transform(CLI::CheckedTransformer(kIfUnmet, CLI::ignore_case))
      ->option_text("wait|primary|fail");
}

CLI::App* AddQuery(CLI::App& app, QueryCommandOptions& options) {
  CLI::App* query = app.add_subcommand("query", "Run statements and print their results");
  query
      ->add_option("sql", options.words, "The statement, then its parameters $1, $2, ...")
      ->option_text("SQL [PARAMETER ...]");
  query
      ->add_option("-c,--command", options.commands,
                   "A statement to run; may be repeated")
      ->option_text("SQL")
      ->allow_extra_args(false);
  query
      ->add_option("--named", options.named,
                   "Run the gateway's statement of that name; all words are parameters")
      ->option_text("NAME");
  query->add_option("-f,--file", options.file, "A script to run; - is standard input")
      ->option_text("FILE");
  query->add_option("-p,--param", options.parameters, "A parameter; may be repeated")
      ->option_text("VALUE")
      ->allow_extra_args(false);
  query->add_flag("-r,--read", options.read, "Only reads: may run on a replica");
  query->add_flag("--strong", options.strong,
                  "With --read: must see every commit acknowledged before");
  AddFreshness(*query, options);
  query->add_flag(
      "--stream", options.stream,
      "Stream the result: any size, printed as it arrives (JSON: a line a row)");
  query->add_flag("-1,--single-transaction", options.single_transaction,
                  "Run all statements in one transaction");
  query->add_option("--max-rows", options.max_rows, "Refuse a larger result");
  query->add_option("--tag", options.tag, "A word for the gateway's logs");
  query
      ->add_option("--idempotency-key", options.idempotency_key,
                   "Make the one statement take effect exactly once, however often it is "
                   "sent with this key")
      ->option_text("KEY")
      ->check(CLI::Validator(
          [](const std::string& key) { return key.empty() ? "may not be empty" : ""; },
          ""));
  query->add_flag("--report", options.report,
                  "Say on standard error where it ran and what took how long");

  const auto format_flag = [&](const std::string& name, Format format,
                               const std::string& help) {
    return query->add_flag_function(
        name, [&options, format](int64_t) { options.format = format; }, help);
  };
  format_flag("-x,--expanded", Format::kExpanded, "One line a column");
  format_flag("-A,--no-align", Format::kUnaligned, "Cells parted by |");
  format_flag("--csv", Format::kCsv, "CSV");
  format_flag("--json", Format::kJson, "An array of objects");
  query->add_flag("-t,--tuples-only", options.tuples_only, "Only the rows");
  query->add_option("--null", options.null_text, "Print this for NULL")
      ->option_text("TEXT");
  return query;
}

CLI::App* AddHealth(CLI::App& app, HealthCommandOptions& options) {
  CLI::App* health = app.add_subcommand(
      "health", "Ask whether the gateway serves, and list its endpoints");
  health->add_option("service", options.service,
                     "liveness, readiness, startup, pool.primary, pool.replica or a "
                     "service's name; readiness unless given");
  health->add_flag("--watch", options.watch, "Print each change until interrupted");
  return health;
}

CLI::App* AddPools(CLI::App& app, PoolsCommandOptions& options) {
  CLI::App* pools = app.add_subcommand("pools", "Show the pools in figures");
  pools->add_flag("--watch", options.watch,
                  "A live view until q or Ctrl-C; lines where it is not a terminal");
  AddDuration(
      *pools, "--interval",
      [&options](absl::Duration value) { options.interval = value; },
      "Time between two messages, with --watch; 1s unless given");
  pools->add_flag("--json", options.json, "As JSON; with --watch a line a message");
  pools->add_option("--history", options.history,
                    "With --json: the latest samples of each endpoint, at most so many");
  return pools;
}

CLI::App* AddTop(CLI::App& app, TopCommandOptions& options) {
  static const std::map<std::string, TopOrder> kOrders = {{"total", TopOrder::kTotal},
                                                          {"mean", TopOrder::kMean},
                                                          {"p99", TopOrder::kP99},
                                                          {"calls", TopOrder::kCalls},
                                                          {"rows", TopOrder::kRows}};
  CLI::App* top =
      app.add_subcommand("top", "Show which statements take the most time of all");
  top->add_option("--order", options.order,
                  "What comes first: most total, mean or p99 time, calls or rows; total "
                  "unless given")
      ->transform(CLI::CheckedTransformer(kOrders, CLI::ignore_case))
      ->option_text("total|mean|p99|calls|rows");
  top->add_option("-n,--limit", options.limit, "Most statements shown; 20 unless given")
      ->check(CLI::Range(1, 1000))
      ->option_text("N");
  top->add_flag("--reset", options.reset, "Begin counting anew, once this is shown");
  top->add_flag("--watch", options.watch, "Show them again and again until interrupted");
  AddDuration(
      *top, "--interval", [&options](absl::Duration value) { options.interval = value; },
      "Time between two looks, with --watch; 1s unless given");
  top->add_flag("--json", options.json, "As JSON");
  return top;
}

CLI::App* AddRoute(CLI::App& app, RouteCommandOptions& options) {
  CLI::App* route = app.add_subcommand(
      "route", "Show where a call would go now, and why not elsewhere");
  route
      ->add_option_function<std::string>(
          "--intent",
          [&options](const std::string& intent) { options.read = intent == "read"; },
          "Of the call; write unless given")
      ->check(CLI::IsMember({"write", "read"}))
      ->option_text("write|read");
  route->add_flag("--strong", options.strong,
                  "With --intent read: must see every commit acknowledged before");
  route->add_flag("--json", options.json, "As JSON");
  return route;
}

void AddTarget(CLI::App& app, AdminCommandOptions& options) {
  CLI::Option* endpoint =
      app.add_option("endpoint", options.endpoint,
                     "The pool of this endpoint; of all endpoints unless given");
  app.add_option("--role", options.role, "The pools of this role")
      ->check(CLI::IsMember({"primary", "replica"}))
      ->option_text("primary|replica")
      ->excludes(endpoint);
}

CLI::App* AddAdmin(CLI::App& app, AdminCommandOptions& options) {
  CLI::App* admin =
      app.add_subcommand("admin", "Tell a running gateway what to do, on its admin port");
  admin->require_subcommand(1);
  admin->fallthrough();
  admin
      ->add_option("--admin-addr", options.address,
                   "The gateway's admin port, in place of --addr; localhost:7433 unless "
                   "given")
      ->envname("PGSLUICE_ADMIN_ADDR")
      ->option_text("HOST:PORT");
  const auto add = [&](const char* name, AdminAction action, const char* help) {
    CLI::App* command = admin->add_subcommand(name, help);
    command->callback([&options, action] { options.action = action; });
    return command;
  };
  add("reload", AdminAction::kReload,
      "Read the configuration again; say what is applied and what needs a restart");
  CLI::App* pause = add("pause", AdminAction::kPause,
                        "Give out no session: work in flight goes on, new work waits");
  AddTarget(*pause, options);
  AddDuration(
      *pause, "--wait", [&options](absl::Duration value) { options.wait = value; },
      "Wait this long for work in flight to end; exit status 3 if it does not");
  AddTarget(*add("resume", AdminAction::kResume, "Take a pause back"), options);
  AddTarget(*add("reconnect", AdminAction::kReconnect,
                 "Replace every session by a new one, by and by"),
            options);
  return admin;
}

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
