// The slow-query log: what took long is there, normalised, without parameters.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SlowQueryLogTest : public LiveTest {
 protected:
  // The line of the log that holds `text`, once it is there.
  std::string LineWith(const std::string& text) {
    std::string found;
    EXPECT_TRUE(WaitFor("the line is logged", [&] {
      const std::vector<std::string> lines = absl::StrSplit(gateway().Log(), '\n');
      for (const std::string& line : lines) {
        if (absl::StrContains(line, text)) found = line;
      }
      return !found.empty();
    }));
    return found;
  }
};

TEST_F(SlowQueryLogTest, ASlowStatementIsLoggedNormalisedAndWithoutParameters) {
  StartGateway({"log.slow_query_threshold=50ms"});
  v1::QueryRequest request = MakeQuery(
      "SELECT pg_sleep(0.1), 'secret constant' AS marker_a, $1::text, 4711 AS number",
      {Text("secret parameter")});
  request.mutable_options()->set_tag("report/monthly");

  ASSERT_TRUE(client().Query(request).ok());

  const std::string line = LineWith("marker_a");
  EXPECT_THAT(line, HasSubstr("server0"));
  EXPECT_THAT(line, HasSubstr("report/monthly"));
  EXPECT_THAT(line, HasSubstr("$1"));
  EXPECT_THAT(line, Not(HasSubstr("4711")));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("secret")));
}

TEST_F(SlowQueryLogTest, StreamsAndTransactionsAreLoggedToo) {
  StartGateway({"log.slow_query_threshold=50ms"});

  client().Stream(MakeStreamQuery("SELECT pg_sleep(0.1) AS marker_b"));
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("SELECT pg_sleep(0.1) AS marker_c");
  transaction.Rollback();
  transaction.Finish();

  EXPECT_THAT(LineWith("marker_b"), HasSubstr("StreamQuery"));
  EXPECT_THAT(LineWith("marker_c"), HasSubstr("Transaction"));
}

TEST_F(SlowQueryLogTest, FastStatementsAreNot) {
  StartGateway({"log.slow_query_threshold=10s"});

  ASSERT_TRUE(client().Query("SELECT 1 AS marker_d").ok());
  EXPECT_TRUE(gateway().IsQuiet());

  EXPECT_THAT(gateway().Log(), Not(HasSubstr("marker_d")));
}

}  // namespace
}  // namespace pgsluice::testing
