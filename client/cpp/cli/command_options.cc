#include "client/cpp/cli/command_options.h"

#include <map>
#include <string>

#include "absl/strings/escaping.h"

#include "client/cpp/cli/duration_option.h"

namespace pgsluice::cli {

namespace {

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

void AddTarget(CLI::App& app, AdminCommandOptions& options) {
  CLI::Option* endpoint =
      app.add_option("endpoint", options.endpoint,
                     "The pool of this endpoint; of all endpoints unless given");
  app.add_option("--role", options.role, "The pools of this role")
      ->check(CLI::IsMember({"primary", "replica"}))
      ->option_text("primary|replica")
      ->excludes(endpoint);
}

}  // namespace

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

}  // namespace pgsluice::cli
