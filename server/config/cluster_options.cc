#include "server/config/cluster_options.h"

#include "server/config/endpoint_resolution.h"

namespace pgsluice {

namespace {

DoomedPolicy ToDoomedPolicy(config::v1::RefuseDoomed policy) {
  switch (policy) {
    case config::v1::REFUSE_DOOMED_OFF: return DoomedPolicy::kOff;
    case config::v1::REFUSE_DOOMED_ON: return DoomedPolicy::kOn;
    default: return DoomedPolicy::kDryRun;
  }
}

PoolOptions ToPoolOptions(const config::v1::Pool& pool) {
  PoolOptions options;
  options.min_size = pool.min_size();
  options.max_size = pool.max_size();
  options.max_waiters = pool.max_waiters();
  options.acquire_timeout = ToDuration(pool.acquire_timeout());
  options.connect_timeout = ToDuration(pool.connect_timeout());
  options.idle_timeout = ToDuration(pool.idle_timeout());
  options.max_lifetime = ToDuration(pool.max_lifetime());
  options.lifetime_jitter = pool.lifetime_jitter();
  options.max_uses = pool.max_uses();
  options.max_concurrent_connects = pool.max_concurrent_connects();
  options.backoff_initial = ToDuration(pool.backoff_initial());
  options.backoff_max = ToDuration(pool.backoff_max());
  options.connect_rate = pool.connect_rate();
  options.connect_burst = pool.connect_burst();
  options.connect_retry_limit = pool.connect_retry_limit();
  options.connect_retry_delay = ToDuration(pool.connect_retry_delay());
  options.full_retry_interval = ToDuration(pool.full_retry_interval());
  options.transaction_share = pool.transaction_share();
  options.refuse_doomed = ToDoomedPolicy(pool.refuse_doomed());
  options.ping_after = ToDuration(pool.ping_after());
  return options;
}

NamedLogin ToNamedLogin(const config::v1::Login& login) {
  return {.name = login.name(),
          .user = login.user(),
          .password_file = login.password_file(),
          .cert_file = login.cert_file(),
          .key_file = login.key_file()};
}

PoolOptions Sized(PoolOptions options, const config::v1::LoginPool& pool) {
  options.min_size = pool.min_size();
  if (pool.max_size() > 0) options.max_size = pool.max_size();
  return options;
}

std::string IsolationText(config::v1::Isolation isolation) {
  switch (isolation) {
    case config::v1::ISOLATION_REPEATABLE_READ: return "repeatable read";
    case config::v1::ISOLATION_SERIALIZABLE: return "serializable";
    default: return "read committed";
  }
}

SessionReset ToSessionReset(config::v1::SessionReset reset) {
  switch (reset) {
    case config::v1::SESSION_RESET_ALWAYS: return SessionReset::kAlways;
    case config::v1::SESSION_RESET_FULL: return SessionReset::kFull;
    default: return SessionReset::kWhenNeeded;
  }
}

SessionOptions ToSessionOptions(const config::v1::Session& session) {
  SessionOptions options;
  options.application_name = session.application_name();
  options.statement_timeout = ToDuration(session.statement_timeout());
  options.search_path = session.search_path();
  options.default_isolation = IsolationText(session.default_isolation());
  options.time_zone = session.time_zone();
  options.idle_in_transaction_timeout = ToDuration(session.idle_in_transaction_timeout());
  options.keepalive_idle = ToDuration(session.keepalive_idle());
  options.keepalive_interval = ToDuration(session.keepalive_interval());
  options.keepalive_count = static_cast<int>(session.keepalive_count());
  options.tcp_user_timeout = ToDuration(session.tcp_user_timeout());
  options.prepared_statements = session.prepared_statements();
  options.reset = ToSessionReset(session.reset());
  return options;
}

}  // namespace

namespace {

void FillRouting(const config::v1::Routing& routing, ClusterOptions& options) {
  options.zone = routing.zone();
  options.lag_bound = {.time = ToDuration(routing.max_lag_time()),
                       .bytes = routing.max_lag_bytes()};
  options.failover_buffer = {.size = routing.failover_buffer_size(),
                             .time = ToDuration(routing.failover_buffer_time())};
  options.ejection = {.failures = routing.ejection_failures(),
                      .time = ToDuration(routing.ejection_time())};
}

}  // namespace

PoolsOptions ToPoolsOptions(const config::v1::Config& config) {
  const config::v1::Pools& pools = config.pools();
  PoolsOptions options;
  options.primary = ToPoolOptions(pools.primary());
  options.replica = ToPoolOptions(pools.replica());
  options.max_sessions_total = pools.max_sessions_total();
  options.fleet_size = pools.fleet_size();
  for (const config::v1::Login& login : config.logins()) {
    options.logins.push_back({.login = ToNamedLogin(login),
                              .primary = Sized(options.primary, login.primary()),
                              .replica = Sized(options.replica, login.replica())});
  }
  return options;
}

absl::StatusOr<ClusterOptions> ToClusterOptions(const config::v1::Config& config) {
  absl::StatusOr<std::vector<Endpoint>> endpoints = ResolveEndpoints(config);
  if (!endpoints.ok()) return endpoints.status();
  absl::Status readable = CheckLoginFiles(config);
  if (!readable.ok()) return readable;
  ClusterOptions options;
  options.endpoints = *std::move(endpoints);
  options.pools = ToPoolsOptions(config);
  options.session = ToSessionOptions(config.session());
  options.session.cancel_budget = ToDuration(config.limits().cancel_budget());
  options.probe.interval = ToDuration(config.probe().interval());
  options.probe.timeout = ToDuration(config.probe().timeout());
  for (const LoginPools& pools : options.pools.logins) {
    options.probe.users.push_back(pools.login.user);
  }
  FillRouting(config.routing(), options);
  const bool has_fallback =
      config.routing().read_fallback() != config::v1::READ_FALLBACK_NONE;
  options.read_fallback = has_fallback ? ReadFallback::kPrimary : ReadFallback::kNone;
  options.freshness_wait = ToDuration(config.routing().freshness_wait());
  const bool allows_privileged =
      config.session().privileged_login() == config::v1::PRIVILEGED_LOGIN_ALLOWED;
  options.privileged_login =
      allows_privileged ? PrivilegedLogin::kAllowed : PrivilegedLogin::kRefused;
  return options;
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace pgsluice
