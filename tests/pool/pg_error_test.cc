// What becomes of libpq's text when a connect fails.
#include "pool/pg/pg_error.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConnectErrorTest, FindsWhatPostgresqlSaid) {
  struct Case {
    std::string_view text;
    std::string_view reason;
    std::string_view sqlstate;  // Empty: not told to callers, or none.
  };
  for (const Case& c :
       {Case{"connection to server at \"db\", port 5432 failed: FATAL:  28P01: password "
             "authentication failed for user \"app\" LOCATION:  auth_failed, auth.c:335",
             "BACKEND_AUTH_FAILED", ""},
        Case{"connection to server at \"db\", port 5432 failed: FATAL:  28000: role "
             "\"app\" is not permitted to log in LOCATION:  InitializeSessionUserId, "
             "miscinit.c:760",
             "BACKEND_AUTH_FAILED", ""},
        Case{"connection to server at \"db\", port 5432 failed: \xD0\x92\xD0\x90:  "
             "3D000: x",
             "INVALID_CATALOG_NAME", "3D000"},
        Case{"connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection "
             "refused connection to server at \"db\" (10.0.0.2), port 5432 failed: "
             "FATAL:  "
             "53300: sorry, too many clients already",
             "TOO_MANY_CONNECTIONS", "53300"},
        Case{"connection to server at \"db\", port 5432 failed: Connection refused",
             "CONNECT_FAILED", ""},
        Case{"FATAL:  no such user", "CONNECT_FAILED", ""},
        Case{"x:  12345", "CONNECT_FAILED", ""},
        Case{":  28P01: x", "CONNECT_FAILED", ""}, Case{"", "CONNECT_FAILED", ""}}) {
    SCOPED_TRACE(c.text);
    const absl::Status error = ConnectError("db1", c.text);
    const auto details = DetailsOf(error);
    EXPECT_TRUE(absl::IsUnavailable(error)) << error;
    ASSERT_TRUE(details.has_value());
    EXPECT_EQ(details->reason, c.reason);
    EXPECT_EQ(details->blame, Blame::kEndpoint);
    EXPECT_EQ(details->outcome, Outcome::kNotStarted);
    EXPECT_EQ(details->postgres.value_or(PostgresFields{}).sqlstate, c.sqlstate);
    EXPECT_THAT(std::string(error.message()), HasSubstr("db1"));
    EXPECT_THAT(std::string(error.message()), Not(HasSubstr("LOCATION")));
  }
}

}  // namespace
}  // namespace pgsluice
