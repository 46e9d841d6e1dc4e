#include "server/config/endpoint_sources.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ConfigDraft From(const Environment& environment) {
  ConfigDraft draft;
  AddEndpointsFromEnvironment(environment, draft);
  return draft;
}

std::vector<std::string> Conninfos(const ConfigDraft& draft) {
  std::vector<std::string> conninfos;
  for (const auto& endpoint : draft.loaded.config.endpoints()) {
    conninfos.push_back(endpoint.conninfo());
  }
  return conninfos;
}

TEST(EndpointSources, TakesUrls) {
  const ConfigDraft draft =
      From({{"DATABASE_URL", "postgres://a/app"},
            {"DATABASE_REPLICA_URL", "postgres://b,c/app, postgresql://d/app ,"},
            {"DATABASE_REPLICA_URLS", "postgres://e/app"},
            {"PGHOST", "ignored"}});

  EXPECT_THAT(Conninfos(draft), ElementsAre("postgres://a/app", "postgres://b,c/app",
                                            "postgresql://d/app", "postgres://e/app"));
  EXPECT_EQ(draft.loaded.origins.at("endpoints[1].conninfo"), "DATABASE_REPLICA_URL");
}

TEST(EndpointSources, TakesUrlsAsPairsToo) {
  EXPECT_THAT(Conninfos(From({{"DATABASE_URL", "host=a,b dbname=app"}})),
              ElementsAre("host=a,b dbname=app"));
}

TEST(EndpointSources, ReportsABrokenUrlWithoutQuotingIt) {
  const ConfigDraft draft = From({{"DATABASE_URL", "mysql://u:secret@h/db"}});

  ASSERT_EQ(draft.errors.count(), 1u);
  EXPECT_EQ(
      draft.errors.lines()[0],
      "DATABASE_URL: endpoints[0].conninfo: not a valid connection string: a word has "
      "no \"=\" after it");
}

TEST(EndpointSources, TakesParts) {
  const ConfigDraft draft =
      From({{"POSTGRES_HOST", "db1"},
            {"POSTGRES_PORT", "6000"},
            {"POSTGRES_DB", "app"},
            {"POSTGRES_USER", "me"},
            {"POSTGRES_PASSWORD", "it's"},
            {"POSTGRES_REPLICA_HOST", "db2, db3:6001,[::1]:6002,::2"}});

  const std::string start = "user=me password='it\\'s' dbname=app ";
  EXPECT_THAT(Conninfos(draft),
              ElementsAre(start + "host=db1 port=6000", start + "host=db2 port=6000",
                          start + "host=db3 port=6001", start + "host=::1 port=6002",
                          start + "host=::2 port=6000"));
}

TEST(EndpointSources, APrimaryHostStandsForTheHost) {
  EXPECT_THAT(
      Conninfos(From({{"POSTGRES_HOST", "db0"}, {"POSTGRES_PRIMARY_HOST", "db1"}})),
      ElementsAre("host=db1"));
}

TEST(EndpointSources, PartsWithoutAHostLeaveItToLibpq) {
  EXPECT_THAT(Conninfos(From({{"POSTGRES_DB", "app"}})), ElementsAre("dbname=app"));
}

TEST(EndpointSources, TakesThePasswordFromAFile) {
  const ConfigDraft draft =
      From({{"POSTGRES_HOST", "db"}, {"POSTGRES_PASSWORD_FILE", "/run/secrets/pg"}});

  ASSERT_EQ(draft.loaded.config.endpoints_size(), 1);
  EXPECT_EQ(draft.loaded.config.endpoints(0).password_file(), "/run/secrets/pg");
}

TEST(EndpointSources, FallsBackOnLibpqsOwnHabits) {
  EXPECT_THAT(Conninfos(From({})), ElementsAre(""));
  EXPECT_THAT(
      Conninfos(From({{"PGHOST", "db"}, {"PGPORT", "6000"}, {"PGPASSWORD", "x"}})),
      ElementsAre("host=db port=6000"));
  EXPECT_THAT(Conninfos(From({{"PGSERVICE", "prod"}, {"PGHOST", "db"}})),
              ElementsAre("service=prod"));
}

TEST(EndpointSources, NotesWhatIsNotUsed) {
  ConfigDraft draft;
  draft.loaded.config.add_endpoints()->set_conninfo("host=a");
  AddEndpointsFromEnvironment({{"DATABASE_URL", "postgres://u:secret@h/db"}}, draft);

  EXPECT_EQ(draft.loaded.config.endpoints_size(), 1);
  EXPECT_THAT(draft.loaded.notes,
              ElementsAre("DATABASE_URL is not used: the configuration lists endpoints"));
}

}  // namespace
}  // namespace pgsluice
