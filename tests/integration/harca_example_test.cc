// examples/harca.yaml on real servers, as it is but for their addresses; without TLS
// where a test is not about it.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"
#include "tests/testing/server_certificate.h"
#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {
namespace {

constexpr const char* kMakeDatabase[] = {
    "CREATE ROLE harca LOGIN",
    "CREATE DATABASE harca OWNER harca",
};
constexpr const char* kMakeSchemas[] = {
    "CREATE SCHEMA mid_term AUTHORIZATION harca",
    "CREATE SCHEMA long_term AUTHORIZATION harca",
    "CREATE SCHEMA vector AUTHORIZATION harca",
    "CREATE TABLE mid_term.place AS SELECT 'mid_term' AS name",
    "CREATE TABLE long_term.place AS SELECT 'long_term' AS name",
    "CREATE TABLE vector.embedding AS SELECT 'vector' AS name",
    "GRANT SELECT ON mid_term.place, long_term.place, vector.embedding TO harca",
};

struct Shown {
  const char* statement;
  const char* value;
};
constexpr Shown kSession[] = {
    {"SHOW search_path", "mid_term, long_term, vector, public"},
    {"SHOW application_name", "harca"},
    {"SHOW statement_timeout", "30s"},
    {"SHOW TimeZone", "UTC"},
    {"SHOW client_encoding", "UTF8"},
    {"SHOW default_transaction_isolation", "read committed"},
    {"SHOW transaction_isolation", "read committed"},
};

constexpr absl::Duration kLong = absl::Minutes(1);

class HarcaExampleTest : public LiveTest {
 public:
  static void SetUpTestSuite() {
    LiveTest::SetUpTestSuite();
    if (HasFatalFailure()) return;
    for (const char* sql : kMakeDatabase) cluster().Sql(0, sql);
    auto harca = SqlConnection::Open(
        absl::StrCat(cluster().server(0).local_conninfo(), " dbname=harca"));
    ASSERT_TRUE(harca.ok()) << harca.status();
    for (const char* sql : kMakeSchemas) {
      const auto done = harca->Run(sql);
      ASSERT_TRUE(done.ok()) << done.status();
    }
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }

 protected:
  // `environment` beside the variables that its first lines name.
  void StartHarca(std::vector<std::string> environment = {}) {
    environment.push_back("HARCA_SSLMODE=disable");
    StartHarcaAs(environment);
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    ASSERT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
  }
  void StartHarcaAs(const std::vector<std::string>& environment) {
    GatewaySettings settings;
    settings.config_file = std::string(PGSLUICE_SOURCE_DIR) + "/examples/harca.yaml";
    settings.environment = environment;
    for (const std::string& variable :
         {std::string("HARCA_HOST=127.0.0.1"),
          absl::StrCat("HARCA_PORT=", cluster().server(0).port()),
          std::string("HARCA_REPLICA_HOST=127.0.0.1"),
          absl::StrCat("HARCA_REPLICA_PORT=", cluster().server(1).port())}) {
      settings.environment.push_back(variable);
    }
    for (size_t i = 0; i < cluster().size(); ++i) {
      // The fixture looks for its servers by these names.
      settings.environment.push_back(
          absl::StrCat("PGSLUICE_ENDPOINTS_", i, "_NAME=server", i));
    }
    settings.set = {"shutdown.drain_delay=0s"};
    StartGateway(settings);
  }

  // Waits for the least to be open, then looks at the most.
  void ExpectSize(const char* server, v1::Role role, uint32_t min, uint32_t max) {
    EXPECT_TRUE(gateway().HasPools("min_size sessions are idle", [&](const auto& stats) {
      return PoolOf(stats, server, role).idle() == min;
    }));
    const v1::EndpointPoolStats pool = PoolOf(client().PoolStats(), server, role);
    EXPECT_EQ(pool.min_size(), min) << server;
    EXPECT_EQ(pool.max_size(), max) << server;
  }
};

TEST_F(HarcaExampleTest, SessionsOfBothServersAreAsTheFileSays) {
  StartHarca();

  EXPECT_FALSE(client().Query("SELECT pg_is_in_recovery()").at(0, 0).bool_());
  EXPECT_TRUE(client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_());
  for (const Shown& shown : kSession) {
    // A shorter time than the file's would shorten statement_timeout, too.
    const Answer primary = client().Query(MakeQuery(shown.statement), kLong);
    const Answer replica =
        client().Query(MakeQuery(shown.statement, {}, v1::INTENT_READ), kLong);
    ASSERT_TRUE(primary.ok()) << shown.statement << ": " << primary.failure;
    ASSERT_TRUE(replica.ok()) << shown.statement << ": " << replica.failure;
    EXPECT_EQ(primary.at(0, 0).text(), shown.value) << shown.statement;
    EXPECT_EQ(replica.at(0, 0).text(), shown.value) << shown.statement;
  }
}

TEST_F(HarcaExampleTest, NamesWithoutASchemaAreFoundAlongTheSearchPath) {
  StartHarca();

  EXPECT_EQ(client().Query("SELECT name FROM place").at(0, 0).text(), "mid_term");
  EXPECT_EQ(client().Read("SELECT name FROM place").at(0, 0).text(), "mid_term");
  EXPECT_EQ(client().Read("SELECT name FROM embedding").at(0, 0).text(), "vector");
}

TEST_F(HarcaExampleTest, PoolsAreSizedByItsProfile) {
  StartHarca();

  ExpectSize("server0", v1::ROLE_PRIMARY, 10, 50);
  ExpectSize("server1", v1::ROLE_REPLICA, 10, 50);
}

TEST_F(HarcaExampleTest, AVariableChoosesAnotherProfile) {
  StartHarca({"PGSLUICE_PROFILE=test"});

  ExpectSize("server0", v1::ROLE_PRIMARY, 5, 20);
  ExpectSize("server1", v1::ROLE_REPLICA, 5, 20);
}

TEST_F(HarcaExampleTest, PoolsAreSizedApartOverTheProfile) {
  StartHarca({"PGSLUICE_POOLS_PRIMARY_MIN_SIZE=5", "PGSLUICE_POOLS_PRIMARY_MAX_SIZE=20"});

  ExpectSize("server0", v1::ROLE_PRIMARY, 5, 20);
  ExpectSize("server1", v1::ROLE_REPLICA, 10, 50);
}

TEST_F(HarcaExampleTest, StatementsOfHalfASecondAreLogged) {
  StartHarca();

  ASSERT_TRUE(client().Query("SELECT pg_sleep(0.2) AS quick_enough").ok());
  ASSERT_TRUE(client().Query("SELECT pg_sleep(0.51) AS too_slow").ok());

  EXPECT_TRUE(WaitFor("it is logged", [&] {
    return gateway().Log().find("too_slow") != std::string::npos;
  }));
  EXPECT_EQ(gateway().Log().find("quick_enough"), std::string::npos);
}

constexpr char kIsEncrypted[] =
    "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

TEST_F(HarcaExampleTest, InProductionBothServersHaveToProveWhoTheyAre) {
  GiveCertificate(cluster(), 0, "IP:127.0.0.1");
  GiveCertificate(cluster(), 1, "IP:127.0.0.1");
  StartHarcaAs({absl::StrCat("HARCA_CA=", TrustCertificates(cluster(), {0, 1}))});
  ASSERT_TRUE(gateway().IsReady());
  ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
  ASSERT_TRUE(SeesRole(1, v1::ROLE_REPLICA));

  EXPECT_TRUE(client().Query(kIsEncrypted).at(0, 0).bool_());
  EXPECT_TRUE(client().Read(kIsEncrypted).at(0, 0).bool_());
}

TEST_F(HarcaExampleTest, AServerWithAnotherNameOrCertificateIsNotUsed) {
  GiveCertificate(cluster(), 0, "IP:127.0.0.1");
  GiveCertificate(cluster(), 1, "DNS:somebody.else");
  const std::string trusted = TrustCertificates(cluster(), {0, 1});
  StartHarcaAs({absl::StrCat("HARCA_CA=", trusted)});
  ASSERT_TRUE(gateway().IsReady());

  EXPECT_FALSE(client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_());
  EXPECT_TRUE(WaitFor("it says why", [&] {
    const std::string why = client().Health().endpoints(1).last_error();
    return why.find("certificate") != std::string::npos;
  })) << client().Health().DebugString();

  // Trusted is what the file holds, not what a server shows.
  GiveCertificate(cluster(), 1, "IP:127.0.0.1");
  EXPECT_FALSE(client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_());
}

}  // namespace
}  // namespace pgsluice::testing
