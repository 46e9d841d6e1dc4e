// The `pgsluice` command against the real gateway: forms of output, exit statuses.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct CommandResult {
  int exit_status = -1;
  std::string output;
  std::string errors;
};

class CommandLineTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    const std::string named = cluster().temp_path() + "/named.yaml";
    std::ofstream(named) << "statements:\n"
                            "- {name: math.sum, sql: SELECT $1 + $2,"
                            " parameters: [int4, int4], intent: READ}\n";
    StartGateway({"idempotency.enabled=true", "named_statements.file=" + named});
    address_ = absl::StrCat("127.0.0.1:", gateway().port());
  }

  CommandResult Run(std::vector<std::string> arguments, const std::string& input = "") {
    const std::string stem = absl::StrCat(cluster().temp_path(), "/command", ++runs_);
    std::ofstream(stem + ".in") << input;
    ProcessSpec spec;
    spec.argv = {PGSLUICE_COMMAND_PATH, "--addr", address_, "--timeout", "20s"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.stdin_path = stem + ".in";
    spec.stdout_path = stem + ".out";
    spec.stderr_path = stem + ".err";
    CommandResult result;
    result.exit_status = RunProcess(spec, absl::Seconds(40)).value_or(-1);
    result.output = ReadFile(spec.stdout_path);
    result.errors = ReadFile(spec.stderr_path);
    return result;
  }

  std::string address_;
  static inline int runs_ = 0;
};

TEST_F(CommandLineTest, PrintsATable) {
  const CommandResult result = Run({"query", "SELECT 1 AS id, 'one' AS name"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("id | name"));
  EXPECT_THAT(result.output, HasSubstr("1 | one"));
  EXPECT_THAT(result.output, HasSubstr("(1 row)"));
}

TEST_F(CommandLineTest, PrintsCsv) {
  const CommandResult result =
      Run({"query", "--csv", "SELECT 1 AS id, 'a,\"b\"' AS name, NULL AS n"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(result.output, "id,name,n\n1,\"a,\"\"b\"\"\",\n");
}

TEST_F(CommandLineTest, PrintsJson) {
  const CommandResult result =
      Run({"query", "--json", "SELECT 1 AS id, 'x' AS name, NULL AS n, true AS b"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("\"name\""));
  EXPECT_THAT(result.output, HasSubstr("\"x\""));
  EXPECT_THAT(result.output, HasSubstr("null"));
}

TEST_F(CommandLineTest, PrintsOneLineAColumn) {
  const CommandResult result = Run({"query", "-x", "SELECT 1 AS id, 'one' AS name"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("RECORD 1"));
  EXPECT_THAT(result.output, HasSubstr("name | one"));
}

TEST_F(CommandLineTest, SendsParametersAsParameters) {
  const CommandResult result = Run(
      {"query", "-t", "-A", "SELECT $1::int + 1, $2::text", "41", "'; DROP TABLE x; --"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(result.output, "42|'; DROP TABLE x; --\n");
}

TEST_F(CommandLineTest, RunsAStatementByItsName) {
  const CommandResult result = Run({"query", "-At", "--named", "math.sum", "40", "2"});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(result.output, "42\n");

  EXPECT_EQ(Run({"query", "-At", "--stream", "--named", "math.sum", "40", "3"}).output,
            "43\n");
  EXPECT_EQ(Run({"query", "-At", "-1", "--named", "math.sum", "40", "4"}).output, "44\n");
  const CommandResult unknown = Run({"query", "--named", "math.product", "40", "2"});
  EXPECT_NE(unknown.exit_status, 0);
  EXPECT_THAT(unknown.errors, HasSubstr("math.product"));
  EXPECT_EQ(Run({"query", "--named", "math.sum", "-c", "SELECT 1"}).exit_status, 1);
}

TEST_F(CommandLineTest, ReadsOnTheReplicaAndWritesOnThePrimary) {
  EXPECT_EQ(Run({"query", "-t", "-A", "--read", "SELECT pg_is_in_recovery()"}).output,
            "t\n");
  EXPECT_EQ(Run({"query", "-t", "-A", "SELECT pg_is_in_recovery()"}).output, "f\n");
}

TEST_F(CommandLineTest, AKeyMakesAStatementTakeEffectOnce) {
  cluster().Sql(0, "CREATE TABLE once (id serial)");
  const std::vector<std::string> insert = {
      "query", "-At", "--idempotency-key", "k",
      "INSERT INTO once DEFAULT VALUES RETURNING id"};
  const CommandResult first = Run(insert);
  EXPECT_EQ(first.exit_status, 0) << first.errors;
  EXPECT_THAT(first.errors, Not(HasSubstr("replayed")));

  const CommandResult repeat = Run(insert);
  EXPECT_EQ(repeat.exit_status, 0) << repeat.errors;
  EXPECT_EQ(repeat.output, first.output);
  EXPECT_THAT(repeat.errors, HasSubstr("replayed"));
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM once"), "1");

  for (const char* other : {"--stream", "-1"}) {
    EXPECT_EQ(Run({"query", "--idempotency-key", "k", other, "SELECT 1"}).exit_status, 1);
  }
  EXPECT_EQ(Run({"query", "--idempotency-key", "", "SELECT 1"}).exit_status, 1);
}

TEST_F(CommandLineTest, RunsAScriptFromStandardInput) {
  const CommandResult result = Run({"query", "-t", "-A", "-f", "-"},
                                   "CREATE TABLE script (a int);\n"
                                   "INSERT INTO script VALUES (1), (2); -- two; rows\n"
                                   "SELECT 'sum; ' || sum(a) FROM script;\n"
                                   "DROP TABLE script;\n");

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("sum; 3"));
}

TEST_F(CommandLineTest, ASingleTransactionIsAllOrNothing) {
  cluster().Sql(0, "CREATE TABLE whole (a int)");

  const CommandResult bad =
      Run({"query", "-1", "-c", "INSERT INTO whole VALUES (1)", "-c", "SELECT 1/0"});
  const std::string after_bad = cluster().Sql(0, "SELECT count(*) FROM whole");
  const CommandResult good =
      Run({"query", "-1", "-c", "INSERT INTO whole VALUES (1)", "-c", "SELECT 1"});

  EXPECT_EQ(bad.exit_status, 3);
  EXPECT_EQ(after_bad, "0");
  EXPECT_EQ(good.exit_status, 0) << good.errors;
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM whole"), "1");
  cluster().Sql(0, "DROP TABLE whole");
}

TEST_F(CommandLineTest, StreamsLargeResults) {
  const CommandResult result =
      Run({"query", "--stream", "--csv", "SELECT generate_series(1, 50000) AS i"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 50001);
}

TEST_F(CommandLineTest, ExitStatusesArePsqls) {
  const CommandResult sql_error = Run({"query", "SELECT * FROM nosuch"});
  EXPECT_EQ(sql_error.exit_status, 3);
  EXPECT_THAT(sql_error.errors, HasSubstr("nosuch"));
  EXPECT_THAT(sql_error.errors, HasSubstr("42P01"));
  EXPECT_EQ(sql_error.output, "");

  EXPECT_EQ(Run({"query", "--nosuch"}).exit_status, 1);

  address_ = absl::StrCat("127.0.0.1:", PickFreePort());
  const CommandResult no_gateway = Run({"query", "SELECT 1"});
  EXPECT_EQ(no_gateway.exit_status, 2);
  EXPECT_FALSE(no_gateway.errors.empty());
}

TEST_F(CommandLineTest, TellsHealthAndPools) {
  const CommandResult health = Run({"health"});
  const CommandResult unknown = Run({"health", "nosuch"});
  const CommandResult pools = Run({"pools"});
  const CommandResult json = Run({"pools", "--json"});

  EXPECT_EQ(health.exit_status, 0) << health.errors;
  EXPECT_THAT(health.output, HasSubstr("server1"));
  EXPECT_THAT(health.output, HasSubstr("replica"));
  EXPECT_NE(unknown.exit_status, 0);
  EXPECT_EQ(pools.exit_status, 0) << pools.errors;
  EXPECT_THAT(pools.output, HasSubstr("server0"));
  EXPECT_THAT(json.output, HasSubstr("\"endpoint\""));
}

TEST_F(CommandLineTest, ExplainsRoutes) {
  const CommandResult write = Run({"route"});
  const CommandResult read = Run({"route", "--intent", "read"});
  const CommandResult strong = Run({"route", "--intent", "read", "--strong"});
  const CommandResult json = Run({"route", "--json"});

  EXPECT_EQ(write.exit_status, 0) << write.errors;
  EXPECT_THAT(write.output, HasSubstr("the call goes to server0 (write)"));
  EXPECT_THAT(write.output, HasSubstr("server1: it is a replica"));
  EXPECT_THAT(read.output, HasSubstr("the call goes to server1 (read)"));
  EXPECT_THAT(strong.output, HasSubstr("the call goes to server0 (strong)"));
  EXPECT_THAT(json.output, HasSubstr("\"rejection\": \"other_role\""));
  EXPECT_EQ(Run({"route", "--intent", "nosuch"}).exit_status, 1);
}

TEST_F(CommandLineTest, TellsTheTopStatements) {
  ASSERT_EQ(Run({"query", "--tag", "nightly", "SELECT 4711 AS top_a"}).exit_status, 0);

  const CommandResult table = Run({"top", "--order", "calls", "--limit", "5"});
  const CommandResult json = Run({"top", "--json"});
  const CommandResult last = Run({"top", "--reset"});
  const CommandResult empty = Run({"top"});

  EXPECT_EQ(table.exit_status, 0) << table.errors;
  EXPECT_THAT(table.output, HasSubstr("| SELECT ? AS top_a"));
  EXPECT_THAT(table.output, HasSubstr("nightly"));
  EXPECT_THAT(json.output, HasSubstr("\"fingerprint\""));
  EXPECT_THAT(last.output, HasSubstr("top_a"));
  EXPECT_THAT(empty.output, ::testing::Not(HasSubstr("top_a")));
  EXPECT_EQ(Run({"top", "--order", "nosuch"}).exit_status, 1);
  EXPECT_EQ(Run({"top", "--limit", "0"}).exit_status, 1);
}

TEST_F(CommandLineTest, WatchesPoolsInLinesAndComesBackAfterTheGateway) {
  const std::string stem = absl::StrCat(cluster().temp_path(), "/watch");
  ProcessSpec spec;
  spec.argv = {PGSLUICE_COMMAND_PATH, "--addr", address_, "pools", "--watch",
               "--interval",          "200ms"};
  spec.stdout_path = stem + ".out";
  spec.stderr_path = stem + ".err";
  const auto process = Process::Start(spec);
  ASSERT_TRUE(process.ok());
  const auto count = [&] {
    const std::string output = ReadFile(spec.stdout_path);
    return std::count(output.begin(), output.end(), '\n');
  };
  const auto has_said = [&](const std::string& text) {
    return ReadFile(spec.stderr_path).find(text) != std::string::npos;
  };

  EXPECT_TRUE(WaitFor("lines come", [&] { return count() >= 6; }));
  EXPECT_THAT(ReadFile(spec.stdout_path), HasSubstr(" server0 primary total="));
  EXPECT_THAT(ReadFile(spec.stdout_path), Not(HasSubstr("\x1b")));
  GatewaySettings settings;
  settings.conninfos = {cluster().server(0).conninfo()};
  settings.port = gateway().port();
  gateway().Kill();
  EXPECT_TRUE(WaitFor("it says so", [&] { return has_said("is gone"); }));
  StartGateway(std::move(settings));
  EXPECT_TRUE(gateway().IsReady());
  EXPECT_TRUE(WaitFor("it is back", [&] { return has_said("is back"); }));
  const auto before = count();
  EXPECT_TRUE(WaitFor("lines come again", [&] { return count() > before; }));
  (*process)->Signal(SIGINT);
  EXPECT_TRUE((*process)->Wait(absl::Now() + absl::Seconds(10)).ok());
}

TEST_F(CommandLineTest, WatchesPoolsInJson) {
  const std::string path = absl::StrCat(cluster().temp_path(), "/watch.json");
  ProcessSpec spec;
  spec.argv = {PGSLUICE_COMMAND_PATH, "--addr", address_, "pools", "--watch", "--json"};
  spec.stdout_path = path;
  spec.stderr_path = path;
  const auto process = Process::Start(spec);
  ASSERT_TRUE(process.ok());

  EXPECT_TRUE(WaitFor("a line comes",
                      [&] { return ReadFile(path).find("\n") != std::string::npos; }));
  EXPECT_THAT(ReadFile(path), HasSubstr("\"reason\":\"WATCH_REASON_START\""));
}

TEST_F(CommandLineTest, AWatchOfNothingFailsAtOnce) {
  address_ = absl::StrCat("127.0.0.1:", PickFreePort());

  EXPECT_EQ(Run({"pools", "--watch"}).exit_status, 2);
}

TEST_F(CommandLineTest, ControlsTheGatewayOnItsAdminPort) {
  const std::string admin = absl::StrCat("127.0.0.1:", gateway().admin_port());
  const CommandResult same = Run({"admin", "reload", "--admin-addr", admin});
  EXPECT_EQ(same.exit_status, 0) << same.errors;
  EXPECT_EQ(same.output, "nothing has changed\n");

  const CommandResult paused = Run(
      {"admin", "--admin-addr", admin, "pause", "--role", "primary", "--wait", "10s"});
  EXPECT_EQ(paused.exit_status, 0) << paused.errors;
  EXPECT_THAT(paused.output, HasSubstr("paused"));
  EXPECT_THAT(paused.output, HasSubstr("server0"));
  EXPECT_THAT(paused.output, Not(HasSubstr("server1")));
  EXPECT_TRUE(client().Health().endpoints(0).paused());

  const CommandResult wrong = Run({"admin", "--admin-addr", admin, "resume", "server0"});
  EXPECT_EQ(wrong.exit_status, 3);
  EXPECT_THAT(wrong.errors, HasSubstr("still paused by its role, primary"));
  EXPECT_EQ(Run({"admin", "--admin-addr", admin, "resume"}).exit_status, 0);
  EXPECT_FALSE(client().Health().endpoints(0).paused());

  const CommandResult renewed = Run({"admin", "--admin-addr", admin, "reconnect"});
  EXPECT_EQ(renewed.exit_status, 0) << renewed.errors;
  EXPECT_THAT(renewed.output, HasSubstr("to renew"));
}

TEST_F(CommandLineTest, SaysThatAPortDoesNotServeAdminCommands) {
  const CommandResult result = Run({"admin", "reload", "--admin-addr", address_});

  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("server.admin_service"));
}

}  // namespace
}  // namespace pgsluice::testing
