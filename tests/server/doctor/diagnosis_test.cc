#include "server/doctor/diagnosis.h"

#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"
#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

std::vector<std::string> IdsOf(const Findings& findings) {
  std::vector<std::string> ids;
  for (const Finding& finding : findings) ids.emplace_back(finding.kind->id);
  return ids;
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const std::vector<Case>& some :
       {ConnectionCases(), LoginCases(), ReplicationCases(), SettingCases()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

void Check(const std::vector<Case>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    DeploymentFacts facts = Healthy();
    cases[i].spoil(facts);

    const Findings findings = Diagnose(facts);

    EXPECT_THAT(IdsOf(findings), UnorderedElementsAreArray(cases[i].ids)) << "case " << i;
    if (cases[i].ids.empty()) continue;
    ASSERT_FALSE(findings.empty());
    EXPECT_THAT(findings.front().found, HasSubstr(cases[i].says)) << "case " << i;
  }
}

TEST(Diagnosis, FindsNothingInAHealthyDeployment) {
  const Findings findings = Diagnose(Healthy());

  EXPECT_THAT(IdsOf(findings), IsEmpty());
  EXPECT_EQ(ExitStatusOf(findings), 0);
}

TEST(Diagnosis, JudgesConnections) { Check(ConnectionCases()); }
TEST(Diagnosis, JudgesLoginsAndSizes) { Check(LoginCases()); }
TEST(Diagnosis, JudgesReplication) { Check(ReplicationCases()); }
TEST(Diagnosis, JudgesSettings) { Check(SettingCases()); }

TEST(Diagnosis, HasACaseForEveryKind) {
  std::set<std::string> tested;
  for (const Case& one : AllCases()) tested.insert(one.ids.begin(), one.ids.end());
  std::set<std::string> known;
  for (const FindingKind* kind : AllFindingKinds()) known.emplace(kind->id);

  EXPECT_EQ(tested, known);
  EXPECT_EQ(known.size(), AllFindingKinds().size());
}

TEST(Diagnosis, TellsOnceWhatIsAlikeOnSeveralEndpoints) {
  DeploymentFacts facts = Healthy();
  Primary(facts).login.bypasses_rls = true;
  Replica(facts).login.bypasses_rls = true;

  const Findings findings = Diagnose(facts);

  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings.front().endpoints, ElementsAre("db1", "db2"));
  EXPECT_THAT(findings.front().commands, ElementsAre("ALTER ROLE app NOBYPASSRLS;"));
}

TEST(Diagnosis, PutsTheGravestFirstAndEndsAccordingly) {
  DeploymentFacts facts = Healthy();
  Set(Primary(facts), "lock_timeout", "1000");
  EXPECT_EQ(ExitStatusOf(Diagnose(facts)), 0);
  Set(Primary(facts), "password_encryption", "md5");
  EXPECT_EQ(ExitStatusOf(Diagnose(facts)), 1);
  Set(Primary(facts), "fsync", "off");

  const Findings findings = Diagnose(facts);

  EXPECT_EQ(ExitStatusOf(findings), 2);
  EXPECT_THAT(IdsOf(findings), ElementsAre("fsync-off", "md5-passwords", "lock-timeout"));
}

TEST(SettingText, QuotesWhatSqlWantsQuoted) {
  EXPECT_EQ(Identifier("app"), "app");
  EXPECT_EQ(Identifier("My \"App\""), "\"My \"\"App\"\"\"");
  EXPECT_EQ(Identifier("1st"), "\"1st\"");
  EXPECT_EQ(Literal("it's"), "'it''s'");
}

TEST(SettingText, SetsWhereItIsSet) {
  ServerFacts server;
  server.login.role = "app";
  server.login.database = "shop";
  server.scoped_settings = {
      {.scope = ScopedSetting::Scope::kRoleInDatabase, .name = "lock_timeout"},
      {.scope = ScopedSetting::Scope::kRole, .name = "lock_timeout"}};

  EXPECT_EQ(SetForRole(server, "lock_timeout", "0"),
            "ALTER ROLE app IN DATABASE shop SET lock_timeout = '0';");
  EXPECT_EQ(SetForRole(server, "fsync", "on"), "ALTER ROLE app SET fsync = 'on';");
}

// docs/doctor.md has a row for each kind, in this order.
TEST(Documentation, HasEveryFinding) {
  std::ifstream file(PGSLUICE_SOURCE_DIR "/docs/doctor.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> rows;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const bool is_finding = line.substr(0, 3) == "| `" && line.substr(3, 2) != "--";
    if (is_finding) rows.emplace_back(line);
  }
  std::vector<std::string> expected;
  for (const FindingKind* kind : AllFindingKinds()) {
    expected.push_back(StrCat("| `", kind->id, "` | ", SeverityName(kind->severity),
                              " | ", kind->when, " | ", kind->why, " |"));
  }

  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace pgsluice::doctor
