// Of logins, and of callers that name one: what goes together, and what does not.
#include "server/config/login_checks.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/load_config.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

absl::Status Loaded(std::vector<std::string> sets) {
  ConfigSources sources;
  sources.sets = {"authentication.enabled=true", "authentication.tokens_file=t",
                  "callers[0].name=c"};
  sources.sets.insert(sources.sets.end(), sets.begin(), sets.end());
  return LoadConfig(sources).status();
}

TEST(LoginChecksTest, AcceptsWhatGoesTogether) {
  const std::vector<std::vector<std::string>> cases = {
      {"logins[0].name=a", "logins[0].user=u"},
      {"logins[0].name=a", "logins[0].user=u", "callers[0].login=a"},
      // Two pools of one user.
      {"logins[0].name=a", "logins[0].user=u", "logins[1].name=a.b-c_1",
       "logins[1].user=u"},
      {"logins[0].name=a", "logins[0].user=u", "logins[0].cert_file=c",
       "logins[0].key_file=k", "logins[0].password_file=p"},
      {"logins[0].name=a", "logins[0].user=u", "logins[0].primary.min_size=3",
       "logins[0].primary.max_size=3"},
      {"logins[0].name=a", "logins[0].user=u", "logins[0].replica.min_size=10"},
  };
  for (const auto& sets : cases) {
    EXPECT_TRUE(Loaded(sets).ok()) << Loaded(sets);
  }
}

TEST(LoginChecksTest, RefusesWhatDoesNot) {
  struct Case {
    std::vector<std::string> sets;
    std::string why;
  };
  const Case cases[] = {
      {{"logins[0].user=u"}, "logins[0].name: has to have 1 to 63 letters"},
      {{"logins[0].name=a b", "logins[0].user=u"}, "logins[0].name: has to have"},
      {{"logins[0].name=" + std::string(64, 'a'), "logins[0].user=u"},
       "logins[0].name: has to have"},
      {{"logins[0].name=a", "logins[0].user=u", "logins[1].name=a", "logins[1].user=v"},
       "logins[1].name: is the name of logins[0] too"},
      {{"logins[0].name=a"}, "logins[0].user: may not be empty"},
      {{"logins[0].name=a", "logins[0].user=" + std::string(64, 'u')},
       "logins[0].user: is longer"},
      {{"logins[0].name=a", "logins[0].user=u", "logins[0].key_file=k"},
       "logins[0].key_file: cert_file and key_file go together"},
      {{"logins[0].name=a", "logins[0].user=u", "logins[0].cert_file=k"},
       "logins[0].cert_file: cert_file and key_file go together"},
      {{"logins[0].name=a", "logins[0].user=u", "logins[0].primary.min_size=4",
        "logins[0].primary.max_size=3"},
       "logins[0].primary.min_size: (4) is above max_size (3)"},
      {{"logins[0].name=a", "logins[0].user=u", "logins[0].replica.min_size=11"},
       "logins[0].replica.min_size: (11) is above max_size (10, as the pools"},
      {{"logins[0].name=reporting", "logins[0].user=u", "callers[0].login=reportin"},
       "callers[0].login: there is no login \"reportin\" in logins (did you mean "
       "\"reporting\"?)"},
      {{"callers[0].login=any"}, "callers[0].login: there is no login \"any\""},
  };
  for (const Case& c : cases) {
    const absl::Status status = Loaded(c.sets);
    ASSERT_FALSE(status.ok()) << c.why;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
}

}  // namespace
}  // namespace pgsluice
