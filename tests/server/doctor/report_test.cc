#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

#include "server/doctor/diagnosis.h"
#include "server/doctor/report_json.h"
#include "server/doctor/report_text.h"
#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const DeploymentFacts& facts, Colours colours = Colours::kNone) {
  return ReportText(facts, Diagnose(facts), "1.2.3", absl::Milliseconds(1200), colours);
}

TEST(ReportText, IntroducesTheServers) {
  const std::string text = TextOf(Healthy());

  EXPECT_THAT(
      text, HasSubstr("pgsluiced 1.2.3, libpq 15.14: 2 endpoints looked at in 1.2 s.\n"));
  EXPECT_THAT(text, HasSubstr("  db1  primary, PostgreSQL 15.14, timeline 2, TLSv1.3, "
                              "wants 12 of 97 sessions\n"));
  EXPECT_THAT(text, HasSubstr("  db2  replica, "));
  EXPECT_THAT(text, HasSubstr("\n0 errors, 0 warnings, 0 notes.\n"));
}

TEST(ReportText, SaysWhatWasFoundWhyItMattersAndWhatToDo) {
  DeploymentFacts facts = Healthy();
  Primary(facts).login.bypasses_rls = true;

  const std::string text = TextOf(facts);

  EXPECT_THAT(
      text,
      HasSubstr(
          "\nwarning  bypass-rls  db1\n"
          "  found The role app has BYPASSRLS.\n"
          "  why   Row-level security does not hold for any caller. The gateway does "
          "not\n"
          "        use such an endpoint, unless session.privileged_login is ALLOWED.\n"
          "  do    Take it away:\n"
          "          ALTER ROLE app NOBYPASSRLS;\n"));
  EXPECT_THAT(text, HasSubstr("0 errors, 1 warning, 0 notes"));
}

TEST(ReportText, FitsIntoEightyColumnsButForCommands) {
  for (const std::vector<Case>& cases :
       {ConnectionCases(), LoginCases(), ReplicationCases(), SettingCases()}) {
    for (const Case& one : cases) {
      DeploymentFacts facts = Healthy();
      one.spoil(facts);
      for (const absl::string_view line : absl::StrSplit(TextOf(facts), '\n')) {
        if (line.substr(0, 10) == "          ") continue;
        EXPECT_LE(line.size(), 80u) << line;
      }
    }
  }
}

TEST(ReportText, ColoursATerminalOnly) {
  DeploymentFacts facts = Healthy();
  Set(Primary(facts), "fsync", "off");

  EXPECT_THAT(TextOf(facts), Not(HasSubstr("\x1b")));
  EXPECT_THAT(TextOf(facts, Colours::kTerminal), HasSubstr("\x1b[1;31merror\x1b[0m"));
}

TEST(ReportText, LetsNoServerSteerTheTerminal) {
  DeploymentFacts facts = Healthy();
  facts.endpoints[1].server.reset();
  facts.endpoints[1].trial = {.is_open = false,
                              .error = "a\x1b[2Jb\nerror  forged \xC2\x9B 1 \xFF"};

  const std::string text = TextOf(facts);

  EXPECT_THAT(text, HasSubstr("a [2Jb error forged ? 1 ?"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(ReportJson, HoldsWhatTheTextSays) {
  DeploymentFacts facts = Healthy();
  Primary(facts).login.bypasses_rls = true;
  Primary(facts).login.role = "\"q\"\n";
  const Findings findings = Diagnose(facts);

  const std::string json = ReportJson(ReportOf(facts, findings, "1.2.3"));

  v1::Report report;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &report).ok()) << json;
  ASSERT_EQ(report.findings_size(), 1);
  EXPECT_EQ(report.findings(0).id(), "bypass-rls");
  EXPECT_EQ(report.findings(0).severity(), v1::SEVERITY_WARNING);
  EXPECT_EQ(report.findings(0).endpoints(0), "db1");
  EXPECT_THAT(report.findings(0).found(), HasSubstr("\n"));
  EXPECT_EQ(report.warnings(), 1u);
  EXPECT_EQ(report.endpoints(0).role(), "primary");
  EXPECT_EQ(report.endpoints(0).sessions_wanted(), 12u);
  EXPECT_EQ(report.endpoints(0).sessions_possible(), 97u);
  EXPECT_THAT(json, HasSubstr("\"errors\": 0"));
}

}  // namespace
}  // namespace pgsluice::doctor
