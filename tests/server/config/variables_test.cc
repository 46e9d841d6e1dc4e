#include "server/config/variables.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Environment kEnvironment = {{"HOST", "db1"}, {"EMPTY", ""}, {"BRACES", "${HOST}"}};

struct Case {
  const char* text;
  const char* expanded;
};

TEST(ExpandVariables, PutsInValuesAndDefaults) {
  for (const Case& one : {
           Case{"", ""},
           Case{"plain", "plain"},
           Case{"${HOST}", "db1"},
           Case{"host=${HOST} port=${PORT:-3730}", "host=db1 port=3730"},
           Case{"${HOST:-other}", "db1"},
           Case{"${PORT:-}", ""},
           Case{"${EMPTY:-used}", "used"},
           Case{"${HOST}${HOST}", "db1db1"},
           // A value is not looked at again.
           Case{"${BRACES}", "${HOST}"},
           Case{"$${HOST}", "${HOST}"},
           Case{"a$${b", "a${b"},
           Case{"pa$$word$", "pa$$word$"},
           Case{"$HOST", "$HOST"},
           Case{"${URL:-postgres://h/d}", "postgres://h/d"},
       }) {
    const auto expanded = ExpandVariables(one.text, kEnvironment);
    ASSERT_TRUE(expanded.ok()) << one.text << ": " << expanded.status();
    EXPECT_EQ(*expanded, one.expanded) << one.text;
  }
}

TEST(ExpandVariables, NamesTheVariableThatIsNotSet) {
  for (const char* text : {"${PORT}", "port=${PORT}", "${EMPTY}"}) {
    const auto expanded = ExpandVariables(text, kEnvironment);
    ASSERT_FALSE(expanded.ok()) << text;
    EXPECT_THAT(std::string(expanded.status().message()), HasSubstr("is not set"))
        << text;
  }
}

TEST(ExpandVariables, RefusesWhatIsNoNameWithoutQuotingIt) {
  for (const char* text : {"${secret word}", "${}", "${1st}", "${:-x}", "${open"}) {
    const auto expanded = ExpandVariables(text, kEnvironment);
    ASSERT_FALSE(expanded.ok()) << text;
    EXPECT_THAT(std::string(expanded.status().message()), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace pgsluice
