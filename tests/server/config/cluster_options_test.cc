#include "server/config/cluster_options.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/endpoint_resolution.h"
#include "server/config/load_config.h"
#include "temp_file.h"

namespace pgsluice {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<ClusterOptions> Options(const std::vector<std::string>& sets,
                                       const Environment& environment = {}) {
  ConfigSources sources;
  sources.sets = sets;
  sources.environment = environment;
  const auto loaded = LoadConfig(sources);
  if (!loaded.ok()) return loaded.status();
  return ToClusterOptions(loaded->config);
}

std::vector<std::string> Names(const ClusterOptions& options) {
  std::vector<std::string> names;
  for (const Endpoint& endpoint : options.endpoints) names.push_back(endpoint.name);
  return names;
}

TEST(ClusterOptionsFromConfig, DefaultsAreThoseOfThePool) {
  const ClusterOptions options = Options({}).value();
  const PoolOptions pool;
  const SessionOptions session;
  const ProbeOptions probe;

  for (const PoolOptions* given : {&options.pools.primary, &options.pools.replica}) {
    EXPECT_EQ(given->min_size, pool.min_size);
    EXPECT_EQ(given->max_size, pool.max_size);
    EXPECT_EQ(given->max_waiters, pool.max_waiters);
    EXPECT_EQ(given->acquire_timeout, pool.acquire_timeout);
    EXPECT_EQ(given->connect_timeout, pool.connect_timeout);
    EXPECT_EQ(given->idle_timeout, pool.idle_timeout);
    EXPECT_EQ(given->max_lifetime, pool.max_lifetime);
    EXPECT_EQ(given->lifetime_jitter, pool.lifetime_jitter);
    EXPECT_EQ(given->max_uses, pool.max_uses);
    EXPECT_EQ(given->max_concurrent_connects, pool.max_concurrent_connects);
    EXPECT_EQ(given->backoff_initial, pool.backoff_initial);
    EXPECT_EQ(given->backoff_max, pool.backoff_max);
    EXPECT_EQ(given->ping_after, pool.ping_after);
  }
  EXPECT_EQ(options.session.application_name, session.application_name);
  EXPECT_EQ(options.session.statement_timeout, session.statement_timeout);
  EXPECT_EQ(options.session.search_path, session.search_path);
  EXPECT_EQ(options.session.default_isolation, session.default_isolation);
  EXPECT_EQ(options.session.time_zone, session.time_zone);
  EXPECT_EQ(options.session.idle_in_transaction_timeout,
            session.idle_in_transaction_timeout);
  EXPECT_EQ(options.session.keepalive_idle, session.keepalive_idle);
  EXPECT_EQ(options.session.keepalive_interval, session.keepalive_interval);
  EXPECT_EQ(options.session.keepalive_count, session.keepalive_count);
  EXPECT_EQ(options.session.tcp_user_timeout, session.tcp_user_timeout);
  EXPECT_EQ(options.session.prepared_statements, session.prepared_statements);
  EXPECT_EQ(options.probe.interval, probe.interval);
  EXPECT_EQ(options.probe.timeout, probe.timeout);
  EXPECT_EQ(options.read_fallback, ReadFallback::kPrimary);
  EXPECT_EQ(options.lag_bound, LagBound{});
  EXPECT_EQ(options.failover_buffer, FailoverBufferOptions{});
  EXPECT_EQ(options.ejection, EjectionOptions{});
  EXPECT_EQ(options.zone, "");
}

TEST(ClusterOptionsFromConfig, CarriesHowCallsAreRouted) {
  const ClusterOptions options =
      Options({"routing.zone=here", "routing.max_lag_time=5s",
               "routing.max_lag_bytes=1MiB", "routing.failover_buffer_size=7",
               "routing.failover_buffer_time=3s", "routing.ejection_time=2s",
               "routing.ejection_failures=9", "endpoints[0].conninfo=host=a,b",
               "endpoints[0].weight=3", "endpoints[0].zone=there",
               "endpoints[1].conninfo=host=c"})
          .value();

  EXPECT_EQ(options.zone, "here");
  EXPECT_EQ(options.lag_bound,
            (LagBound{.time = absl::Seconds(5), .bytes = uint64_t{1} << 20}));
  EXPECT_EQ(options.failover_buffer,
            (FailoverBufferOptions{.size = 7, .time = absl::Seconds(3)}));
  EXPECT_EQ(options.ejection, (EjectionOptions{.failures = 9, .time = absl::Seconds(2)}));
  ASSERT_EQ(options.endpoints.size(), 3u);
  for (size_t i : {0, 1}) {
    EXPECT_EQ(options.endpoints[i].weight, 3u);
    EXPECT_EQ(options.endpoints[i].zone, "there");
  }
  EXPECT_EQ(options.endpoints[2].weight, 1u);
  EXPECT_EQ(options.endpoints[2].zone, "");
}

TEST(ClusterOptionsFromConfig, CarriesWhatIsSet) {
  const ClusterOptions options =
      Options({"pools.primary.max_size=21", "pools.replica.max_size=22",
               "session.default_isolation=serializable", "routing.read_fallback=none",
               "pools.replica.idle_timeout=1500ms"})
          .value();

  EXPECT_EQ(options.pools.primary.max_size, 21u);
  EXPECT_EQ(options.pools.replica.max_size, 22u);
  EXPECT_EQ(options.pools.replica.idle_timeout, absl::Milliseconds(1500));
  EXPECT_EQ(options.session.default_isolation, "serializable");
  EXPECT_EQ(options.read_fallback, ReadFallback::kNone);
}

TEST(ClusterOptionsFromConfig, NamesEndpointsByAddressAndMergesEqualOnes) {
  const Environment environment = {
      {"DATABASE_URL", "postgres://u:secret@a,b:6000/app?target_session_attrs=primary"},
      {"DATABASE_REPLICA_URL",
       "postgres://u:secret@b:6000/app,postgres://u:secret@a/other,postgres://u@a:5432/"
       "app"}};
  const ClusterOptions options = Options({}, environment).value();

  EXPECT_THAT(Names(options), ElementsAre("a:5432", "b:6000", "a:5432#2"));
  EXPECT_THAT(options.endpoints[0].conninfo, HasSubstr("password=secret"));
  EXPECT_THAT(options.endpoints[0].conninfo, HasSubstr("target_session_attrs=any"));
  EXPECT_THAT(options.endpoints[0].conninfo, Not(HasSubstr("primary")));
}

TEST(ClusterOptionsFromConfig, MadeUpNamesGiveWayToGivenOnes) {
  const ClusterOptions options =
      Options({"endpoints[0].conninfo=host=a", "endpoints[1].conninfo=host=b",
               "endpoints[1].name=a:5432"})
          .value();

  EXPECT_THAT(Names(options), ElementsAre("a:5432#2", "a:5432"));
}

TEST(ClusterOptionsFromConfig, ReadsSecretsFromFiles) {
  const TempFile password("s3cret word\n");
  const TempFile conninfo("postgres://me@db/app\n");
  const ClusterOptions options =
      Options({"endpoints[0].conninfo_file=" + conninfo.path(),
               "endpoints[0].password_file=" + password.path()})
          .value();

  EXPECT_THAT(Names(options), ElementsAre("db:5432"));
  // Read when it is needed, not kept.
  EXPECT_THAT(options.endpoints[0].conninfo, Not(HasSubstr("s3cret")));
  EXPECT_THAT(ReadConninfo(options.endpoints[0]).value(),
              AllOf(HasSubstr("password='s3cret word'"), HasSubstr("user=me")));
}

TEST(ClusterOptionsFromConfig, ReadsSecretsAnewAtEachConnect) {
  const TempFile password("first");
  const TempFile conninfo("host=db dbname=app user=me");
  const Endpoint endpoint = Options({"endpoints[0].conninfo_file=" + conninfo.path(),
                                     "endpoints[0].password_file=" + password.path()})
                                .value()
                                .endpoints[0];
  std::ofstream(password.path()) << "second";
  std::ofstream(conninfo.path()) << "postgres://you@other:99/other";

  // Who, but not where: another address is another endpoint.
  const std::string now = ReadConninfo(endpoint).value();
  EXPECT_THAT(now, AllOf(HasSubstr("password=second"), HasSubstr("user=you"),
                         HasSubstr("host=db"), HasSubstr("dbname=app")));
  EXPECT_THAT(now, AllOf(Not(HasSubstr("other")), Not(HasSubstr("99"))));

  std::ofstream(password.path()) << "";
  EXPECT_EQ(ReadConninfo(endpoint).status().message(), "password_file: is empty");
}

TEST(ClusterOptionsFromConfig, AnotherPasswordInAFileIsNoOtherEndpoint) {
  const TempFile file("host=db user=me password=first");
  const std::vector<std::string> sets = {"endpoints[0].conninfo_file=" + file.path()};
  const std::vector<Endpoint> before = Options(sets).value().endpoints;
  std::ofstream(file.path()) << "host=db user=me password=second";

  EXPECT_EQ(Options(sets).value().endpoints, before);
}

TEST(ClusterOptionsFromConfig, LoginsHaveSizesOfTheirOwnAndAllElseOfThePools) {
  const ClusterOptions options =
      Options({"logins[0].name=reports", "logins[0].user=app_reports",
               "logins[0].primary.max_size=3", "logins[0].replica.min_size=2",
               "pools.primary.acquire_timeout=7s", "pools.replica.max_size=20"})
          .value();

  ASSERT_EQ(options.pools.login_count(), 2u);
  const NamedLogin wanted = {.name = "reports", .user = "app_reports"};
  EXPECT_EQ(*options.pools.LoginAt(1), wanted);
  PoolOptions primary = options.pools.primary;
  primary.min_size = 0;
  primary.max_size = 3;
  EXPECT_EQ(options.pools.OfRole(Role::kPrimary, 1), primary);
  PoolOptions replica = options.pools.replica;
  replica.min_size = 2;
  EXPECT_EQ(options.pools.OfRole(Role::kReplica, 1), replica);
  EXPECT_EQ(replica.max_size, 20u);
  EXPECT_THAT(options.probe.users, ElementsAre("app_reports"));
}

TEST(ClusterOptionsFromConfig, ALoginTakesThePlaceOfUserAndPasswordOnly) {
  const TempFile password("theirs");
  Endpoint endpoint =
      Options({"endpoints[0].conninfo=host=db dbname=app user=me password=mine "
               "sslmode=verify-full sslcert=c sslkey=k sslpassword=x"})
          .value()
          .endpoints[0];
  endpoint.login = {.name = "reports", .user = "it's", .password_file = password.path()};

  const std::string conninfo = ReadConninfo(endpoint).value();
  EXPECT_THAT(conninfo,
              AllOf(HasSubstr("user='it\\'s'"), HasSubstr("password=theirs"),
                    HasSubstr("host=db"), HasSubstr("dbname=app"),
                    HasSubstr("sslmode=verify-full"), HasSubstr("sslcert=c sslkey=k")));
  EXPECT_THAT(conninfo, Not(HasSubstr("mine")));

  // Read anew at each connect.
  std::ofstream(password.path()) << "another";
  EXPECT_THAT(ReadConninfo(endpoint).value(), HasSubstr("password=another"));

  // Without one of its own it has none.
  endpoint.login = {.name = "reports", .user = "it", .cert_file = "d", .key_file = "l"};
  EXPECT_THAT(ReadConninfo(endpoint).value(),
              AllOf(HasSubstr("sslcert=d"), HasSubstr("sslkey=l"), HasSubstr("user=it"),
                    Not(HasSubstr("password"))));

  endpoint.login->password_file = "/nonexistent";
  EXPECT_THAT(ReadConninfo(endpoint).status().message(), HasSubstr("password_file: "));
}

TEST(ClusterOptionsFromConfig, ALoginNeedsNoPasswordOfTheEndpointsOwnUser) {
  const TempFile conninfo("host=db user=me");
  Endpoint endpoint =
      Options({"endpoints[0].conninfo_file=" + conninfo.path()}).value().endpoints[0];
  endpoint.password_file = "/nonexistent";
  endpoint.login = {.name = "reports", .user = "it"};

  EXPECT_THAT(ReadConninfo(endpoint).value(),
              AllOf(HasSubstr("user=it"), HasSubstr("host=db")));
}

TEST(ClusterOptionsFromConfig, ReportsEveryFileThatFails) {
  const TempFile empty("\n");
  const TempFile broken("hunter2");
  const TempFile with_password("host=a password=hunter2");
  const auto options = Options({"endpoints[0].password_file=/nonexistent",
                                "endpoints[1].password_file=" + empty.path(),
                                "endpoints[2].conninfo_file=" + broken.path(),
                                "endpoints[3].conninfo_file=" + with_password.path(),
                                "endpoints[3].password_file=" + broken.path()});

  EXPECT_EQ(
      options.status().message(),
      "endpoints[0].password_file: cannot be read: No such file or directory\n"
      "endpoints[1].password_file: is empty\n"
      "endpoints[2].conninfo_file: not a valid connection string: a word has no \"=\" "
      "after it\n"
      "endpoints[3].password_file: there is a password in conninfo_file too");
}

}  // namespace
}  // namespace pgsluice
