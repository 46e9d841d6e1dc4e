// The audit log: what it says of calls, and where it goes.
#include <filesystem>
#include <signal.h>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/integration/security_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditTest : public SecurityTest {
 protected:
  void SetUp() override {
    SecurityTest::SetUp();
    lines_["callers"].push_back("- {name: limited, methods: Health}");
    lines_["audit"] = {"enabled: true", "file: " + File()};
  }

  std::string File() const { return stem_ + ".audit"; }
  static std::vector<std::string> LinesOf(const std::string& path) {
    return absl::StrSplit(ReadFile(path), '\n', absl::SkipEmpty());
  }
  // Lines are written behind the call's back. Waits for one that holds all of `texts`.
  std::string LineWith(const std::vector<std::string>& texts) {
    std::string found;
    const auto holds_all = [&texts](const std::string& line) {
      for (const std::string& text : texts) {
        if (line.find(text) == std::string::npos) return false;
      }
      return true;
    };
    EXPECT_TRUE(WaitFor("there is such a line: " + texts.front(), [&] {
      for (const std::string& line : LinesOf(File())) {
        if (holds_all(line)) found = line;
      }
      return !found.empty();
    })) << ReadFile(File());
    return found;
  }
};

TEST_F(AuditTest, SaysWhoDidWhatAndWhatBecameOfIt) {
  Start();
  const std::string token = issuer_.Sign(Claims("app"));
  GatewayClient app = As(token);

  ASSERT_TRUE(app.Read("SELECT generate_series(1, 3), 'private'").ok());
  EXPECT_THAT(
      LineWith({"\"method\":\"Query\"", "\"intent\":\"read\""}),
      AllOf(HasSubstr("\"logger\":\"audit\""), HasSubstr("\"caller_name\":\"app\""),
            HasSubstr("\"peer\":\"ipv4:127.0.0.1:"), HasSubstr("\"outcome\":\"ok\""),
            HasSubstr("\"code\":\"OK\""), HasSubstr("\"endpoint\":\"server"),
            HasSubstr("\"statements\":1"), HasSubstr("\"rows\":3")));

  ASSERT_FALSE(app.Query("SELECT 'private' / $1", {Int(0)}).ok());
  EXPECT_THAT(LineWith({"\"intent\":\"write\"", "\"sqlstate\":\"22"}),
              Not(HasSubstr("\"reason\":\"\"")));

  TransactionStream transaction(app);
  transaction.Begin();
  transaction.Execute("SELECT 1");
  transaction.Execute("SELECT 2");
  transaction.Commit();
  ASSERT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_THAT(
      LineWith({"\"method\":\"Transaction\""}),
      AllOf(HasSubstr("\"outcome\":\"committed\""), HasSubstr("\"statements\":2")));

  EXPECT_THAT(ReadFile(File()), AllOf(Not(HasSubstr("private")), Not(HasSubstr(token)),
                                      Not(HasSubstr("generate_series"))));
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(File()).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AuditTest, SaysWhoWasRefusedAndWhoAdministers) {
  Start();

  (void)As(issuer_.Sign(Claims("app", "", -absl::Minutes(1)))).Query("SELECT 1");
  LineWith({"\"outcome\":\"refused\"", "\"code\":\"UNAUTHENTICATED\"", "it has expired"});
  (void)As(issuer_.Sign(Claims("limited"))).Query("SELECT 1");
  LineWith({"\"caller_name\":\"limited\"", "\"outcome\":\"refused\"",
            "\"reason\":\"NOT_PERMITTED\""});

  ASSERT_TRUE(Admin().Pause().ok());
  ASSERT_TRUE(Admin().Resume().ok());
  LineWith({"\"method\":\"Pause\"", "\"outcome\":\"ok\""});
  LineWith({"\"method\":\"Resume\"", "\"outcome\":\"ok\""});
}

TEST_F(AuditTest, AReloadOpensTheFileAnewAndChangesWhatIsTold) {
  Start();
  GatewayClient app = As(issuer_.Sign(Claims("app")));
  ASSERT_TRUE(app.Query("SELECT 1").ok());
  LineWith({"\"method\":\"Query\""});

  std::filesystem::rename(File(), File() + ".1");
  gateway().Signal(SIGHUP);
  EXPECT_TRUE(
      WaitFor("there is a new one", [&] { return std::filesystem::exists(File()); }));
  ASSERT_TRUE(app.Query("SELECT 1").ok());
  LineWith({"\"method\":\"Query\""});

  lines_["audit"].push_back("methods: Health");
  Reload();
  LineWith({"\"method\":\"Reload\""});
  ASSERT_TRUE(app.Read("SELECT 1").ok());
  (void)app.Health();
  LineWith({"\"method\":\"Health\""});
  EXPECT_THAT(LinesOf(File()), Not(Contains(HasSubstr("\"intent\":\"read\""))));

  lines_["audit"] = {"enabled: false"};
  Reload();
  const size_t lines = LinesOf(File()).size();
  (void)app.Health();
  EXPECT_EQ(LinesOf(File()).size(), lines);
}

TEST_F(AuditTest, AFileThatCannotBeUsedLeavesTheOneBefore) {
  Start();
  GatewayClient app = As(issuer_.Sign(Claims("app")));
  lines_["audit"] = {"enabled: true", "file: /nonexistent/audit"};
  Reload();
  EXPECT_TRUE(WaitFor("it is told", [&] {
    return gateway().Log().find("the one before stays in use") != std::string::npos;
  }));
  ASSERT_TRUE(app.Query("SELECT 1").ok());
  LineWith({"\"method\":\"Query\""});
}

TEST_F(AuditTest, WithoutAFileLinesGoToStandardError) {
  lines_["audit"] = {"enabled: true"};
  Start();

  ASSERT_TRUE(As(issuer_.Sign(Claims("app"))).Query("SELECT 1").ok());

  EXPECT_TRUE(WaitFor("it is there", [&] {
    return gateway().Log().find("\"logger\":\"audit\",\"method\":\"Query\"") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace pgsluice::testing
