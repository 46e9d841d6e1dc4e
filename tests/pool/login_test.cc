#include "pool/login.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(LoginTest, AnOrdinaryUserIsFine) {
  EXPECT_THAT(WhyRefused({.name = "app"}), IsEmpty());
  EXPECT_THAT(WhyRefused({}), IsEmpty()) << "a user that is dropped by now";
}

TEST(LoginTest, SaysWhoHasWhichAttributeAndWhatToDo) {
  const std::string superuser = WhyRefused({.name = "root", .is_superuser = true});
  EXPECT_THAT(superuser, AllOf(HasSubstr("its user root is a superuser"),
                               HasSubstr("ALTER ROLE root NOSUPERUSER"),
                               HasSubstr("session.privileged_login: ALLOWED")));

  const std::string bypasses = WhyRefused({.name = "app", .bypasses_rls = true});
  EXPECT_THAT(bypasses, AllOf(HasSubstr("its user app has BYPASSRLS"),
                              HasSubstr("ALTER ROLE app NOBYPASSRLS"),
                              HasSubstr("session.privileged_login: ALLOWED")));
}

TEST(LoginTest, ANamedOneIsJudgedByWhatTheServerSaysOfItsUser) {
  const std::vector<Login> users = {{.name = "app"},
                                    {.name = "root", .is_superuser = true}};

  EXPECT_THAT(WhyRefused({.name = "web", .user = "app"}, users), IsEmpty());
  EXPECT_THAT(WhyRefused({.name = "ops", .user = "root"}, users),
              HasSubstr("its user root is a superuser"));
  EXPECT_THAT(WhyRefused({.name = "new", .user = "other"}, users),
              HasSubstr("has not said what its user other may do"));
}

TEST(LoginTest, ALabelNamesTheLoginIfItHasAName) {
  EXPECT_EQ(SessionsLabel("db1", ""), "db1");
  EXPECT_EQ(SessionsLabel("db1", "web"), "db1 (login web)");
}

TEST(LoginTest, OfASuperuserWithBypassrlsThatIsTold) {
  const std::string why =
      WhyRefused({.name = "root", .is_superuser = true, .bypasses_rls = true});

  EXPECT_THAT(why, AllOf(HasSubstr("superuser"), Not(HasSubstr("BYPASSRLS"))));
}

}  // namespace
}  // namespace pgsluice
