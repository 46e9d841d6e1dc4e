// The daemon's log: bounded, one line an event, and gRPC's lines are lines like all
// others.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/integration/reload_fixture.h"
#include "tests/testing/certificate_authority.h"
#include "tests/testing/raw_connection.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

class LogTest : public ReloadTest {
 protected:
  static constexpr char kRefused[] = R"("msg":"connection refused")";

  std::vector<std::string> Lines() {
    return absl::StrSplit(gateway().Log(), '\n', absl::SkipEmpty());
  }
  // The test's own client and two more connections are all there may be; the admin port,
  // which has the same limit, has room.
  void StartFull() {
    Start({"server.max_connections=3"});
    for (int i = 0; i < 2; ++i) {
      others_.emplace_back(gateway().port());
      ASSERT_TRUE(others_.back().IsServed());
    }
    ASSERT_TRUE(client().Query("SELECT 1").ok());
  }
  void RefuseMany(int count) {
    for (int i = 0; i < count; ++i) {
      RawConnection refused(gateway().port());
      ASSERT_TRUE(refused.IsClosed());
    }
  }
  ::testing::AssertionResult Logs(const std::string& text) {
    return WaitFor("it is logged: " + text, [&] { return CountLines(text) > 0; });
  }

  std::vector<RawConnection> others_;
};

TEST_F(LogTest, ManyLinesOfOneEventAreFewAndTheNextOneSaysSo) {
  lines_["log"] = {"format: JSON", "max_lines_per_second: 1", "max_lines_burst: 3"};
  StartFull();

  RefuseMany(100);

  // One more comes once a second has passed.
  EXPECT_TRUE(WaitFor("the next line counts the others", [&] {
    RefuseMany(1);
    return CountLines("\"suppressed\":") > 0;
  }));
  EXPECT_GE(CountLines(kRefused), 4u);
  EXPECT_LT(CountLines(kRefused), 60u);
  EXPECT_EQ(CountLines(R"("msg":"serving")"), 1u) << "others have their own bound";
  for (const std::string& line : Lines()) {
    EXPECT_TRUE(absl::StartsWith(line, "{\"ts\":") && absl::EndsWith(line, "}")) << line;
  }
}

TEST_F(LogTest, AReloadChangesTheBoundAndTheLevel) {
  lines_["log"] = {"format: JSON", "max_lines_per_second: 1", "max_lines_burst: 1"};
  StartFull();
  RefuseMany(50);
  ASSERT_LT(CountLines(kRefused), 30u);

  lines_["log"] = {"format: JSON", "max_lines_per_second: 0"};
  Reload();
  const size_t before = CountLines(kRefused);
  RefuseMany(50);
  EXPECT_EQ(CountLines(kRefused), before + 50);

  lines_["log"] = {"format: JSON", "max_lines_per_second: 0", "level: ERROR"};
  EXPECT_THAT(PathsOf(Reload().applied()), ElementsAre("log.level"));
  RefuseMany(10);
  EXPECT_EQ(CountLines(kRefused), before + 50);
}

TEST_F(LogTest, SlowStatementsHaveABoundOfTheirOwn) {
  lines_["log"] = {"format: JSON", "slow_query_threshold: 1ms",
                   "max_slow_queries_per_second: 5", "max_lines_burst: 1"};
  Start();

  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(client().Query("SELECT pg_sleep(0.002)").ok());
  }

  EXPECT_TRUE(Logs("slow statement"));
  EXPECT_GE(CountLines("slow statement"), 5u);
  EXPECT_TRUE(WaitFor("the next line counts the others", [&] {
    return client().Query("SELECT pg_sleep(0.002)").ok() &&
           CountLines("\"suppressed\":") > 0;
  }));
}

TEST_F(LogTest, WhatGrpcSaysIsALineLikeAllOthers) {
  const std::string dir = cluster().temp_path() + "/log-tls";
  std::filesystem::create_directory(dir);
  const CertificateAuthority ca(dir, "ca");
  const KeyPair pair = ca.Issue("server", "IP:127.0.0.1");
  credentials_ = ClientTls(ca.ca_file());
  Start({"server.tls.cert_file=" + pair.cert, "server.tls.key_file=" + pair.key});

  RawConnection scanner(gateway().port());
  ASSERT_TRUE(scanner.Send("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(scanner.IsClosed());

  EXPECT_TRUE(Logs(R"("msg":"gRPC","source":"ssl_transport_security.cc:)"));
  EXPECT_TRUE(client().Query("SELECT 1").ok());
  for (const std::string& line : Lines()) {
    EXPECT_TRUE(absl::StartsWith(line, "{\"ts\":") && absl::EndsWith(line, "}")) << line;
  }
}

}  // namespace
}  // namespace pgsluice::testing
