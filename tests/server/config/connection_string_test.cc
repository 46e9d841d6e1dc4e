#include "server/config/connection_string.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ConnectionString Parsed(const std::string& text) {
  return ConnectionString::Parse(text).value();
}

TEST(ConnectionString, ReadsUrisAndPairs) {
  const ConnectionString uri = Parsed("postgres://me:p%40ss@db:5433/app?sslmode=require");
  EXPECT_EQ(uri.Get("host"), "db");
  EXPECT_EQ(uri.Get("port"), "5433");
  EXPECT_EQ(uri.Get("password"), "p@ss");
  EXPECT_EQ(uri.Get("sslmode"), "require");
  EXPECT_EQ(Parsed("host=db user='a b'").Get("user"), "a b");
  EXPECT_EQ(Parsed("").Text(), "");
}

TEST(ConnectionString, WritesWhatLibpqReadsBack) {
  ConnectionString conninfo = Parsed("host=db");
  const std::string password = R"(it's a \ "pass" word = #1)";
  conninfo.Set("password", password);

  EXPECT_EQ(Parsed(conninfo.Text()).Get("password"), password);
}

TEST(ConnectionString, RedactsWhateverLibpqHoldsSecret) {
  const ConnectionString conninfo =
      Parsed("postgres://me:s%65cret@db/app?sslpassword=hush&sslmode=require");

  const std::string text = conninfo.RedactedText();
  EXPECT_THAT(text, HasSubstr("password=***"));
  EXPECT_THAT(text, HasSubstr("sslpassword=***"));
  EXPECT_THAT(text, HasSubstr("host=db"));
  for (const char* secret : {"secret", "s%65cret", "hush"}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
}

TEST(ConnectionString, ErrorsQuoteNothing) {
  const std::pair<const char*, const char*> cases[] = {
      {"hunter2", "a word has no \"=\" after it"},
      {"host=db password=hunter2 hunter2", "a word has no \"=\" after it"},
      {"password='hunter2", "a quote is not closed"},
      {"password=x hunter2=y", "it has an option that libpq does not know"},
      {"postgres://u:hunter2@db/app?hunter2=x",
       "it has an option that libpq does not know"},
      {"postgres://u:hunter2%zz@db/app", "a \"%\" is not followed by two hex digits"},
      {"postgres://u:hunter2%00@db/app", "it holds %00"},
      {"postgres://u:hunter2@[::1/app", "a \"[\" is not closed"},
      {"postgres://u:hunter2@[]/app", "the address in [] is empty"},
      {"postgres://u:hunter2@[::1]x/app", "the part after the host is not understood"},
      {"postgres://u@db/app?a=hunter2=x", "a part after \"?\" has two \"=\""},
      {"postgres://u@db/app?hunter2", "a part after \"?\" has no \"=\""},
  };
  for (const auto& [text, complaint] : cases) {
    const auto parsed = ConnectionString::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().message(),
              std::string("not a valid connection string: ") + complaint);
  }
}

TEST(ConnectionString, SplitsHostsWithTheirPorts) {
  const auto split = Parsed("host=a,b,c port=1,2,3 dbname=app").SplitHosts();
  ASSERT_EQ(split.size(), 3u);
  EXPECT_EQ(split[1].HostAndPort(), "b:2");
  EXPECT_EQ(split[2].Get("dbname"), "app");

  const auto one_port = Parsed("postgres://a,b/app?port=6000").SplitHosts();
  ASSERT_EQ(one_port.size(), 2u);
  EXPECT_EQ(one_port[1].HostAndPort(), "b:6000");
}

TEST(ConnectionString, NamesItsAddress) {
  EXPECT_EQ(Parsed("host=db").HostAndPort(), "db:5432");
  EXPECT_EQ(Parsed("postgres://[::1]:6000/app").HostAndPort(), "[::1]:6000");
  EXPECT_EQ(Parsed("hostaddr=10.0.0.1").HostAndPort(), "10.0.0.1:5432");
  EXPECT_EQ(Parsed("host=/run/postgresql").HostAndPort(), "/run/postgresql:5432");
  EXPECT_EQ(Parsed("service=prod").HostAndPort(), "prod:5432");
  EXPECT_EQ(Parsed("").HostAndPort(), "local:5432");
}

}  // namespace
}  // namespace pgsluice
