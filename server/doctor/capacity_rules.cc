#include "server/doctor/capacity_rules.h"

#include <algorithm>

#include "pool/str_cat.h"
#include "pool/wait_prediction.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kTooFewConnections = {
    "too-few-connections", Severity::kError,
    "the fleet may open more sessions than max_connections leaves",
    "Under load sessions are refused (53300), others' and administrators' too."};
constexpr FindingKind kConnectionsTight = {
    "connections-tight", Severity::kWarning,
    "they fit, but not beside the sessions that others have now",
    "While the others stay, the pools cannot grow to their size."};
constexpr FindingKind kNoRoomForRollout = {
    "no-room-for-rollout", Severity::kNote, "they fit, but not those of one gateway more",
    "During a rolling upgrade there is one gateway more, and its sessions are refused."};
constexpr FindingKind kRoleLimit = {
    "role-limit", Severity::kError,
    "the role's connection limit is below what the fleet may open",
    "Sessions beyond it are refused (53300), whatever max_connections is."};
constexpr FindingKind kDatabaseLimit = {
    "database-limit", Severity::kError,
    "the database's connection limit is below what the fleet may open",
    "Sessions beyond it are refused (53300), whatever max_connections is."};

int64_t GatewayCount(const GatewayFacts& gateway) {
  return static_cast<int64_t>(std::max<size_t>(1, gateway.pools.fleet_size));
}

// A probe's, and one that waits for a replica or asks the primary about commits.
int64_t ControlSessions(const GatewayFacts& gateway) {
  return gateway.keeps_idempotency_keys ? 3 : 2;
}

size_t WithinTotal(const PoolsOptions& share, size_t sessions) {
  if (share.max_sessions_total == 0) return sessions;
  return std::min(sessions, share.max_sessions_total);
}

// Any server may become the primary. Sizes are those of the fleet, shared.
int64_t SessionsOfOne(const GatewayFacts& gateway) {
  const PoolsOptions share = ShareOf(gateway.pools);
  size_t primary = 0;
  size_t replica = 0;
  for (size_t login = 0; login < share.login_count(); ++login) {
    primary += share.OfRole(Role::kPrimary, login).max_size;
    replica += share.OfRole(Role::kReplica, login).max_size;
  }
  const size_t pools = WithinTotal(share, std::max(primary, replica));
  return static_cast<int64_t>(pools) + ControlSessions(gateway);
}

// Of these, those as the endpoint's own user; the others are of named logins.
int64_t OwnSessionsWanted(const GatewayFacts& gateway) {
  const PoolsOptions share = ShareOf(gateway.pools);
  const size_t pool =
      WithinTotal(share, std::max(share.primary.max_size, share.replica.max_size));
  return GatewayCount(gateway) * (static_cast<int64_t>(pool) + ControlSessions(gateway));
}

void JudgeServerLimit(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                      Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  const int64_t wanted = SessionsWanted(gateway);
  const int64_t possible = SessionsPossible(server);
  if (possible <= 0) return;  // The settings were not told.
  const int64_t gateways = GatewayCount(gateway);
  const std::string who =
      gateways == 1 ? std::string("This gateway") : StrCat("The ", gateways, " gateways");
  const std::string begin = StrCat(who, " may open ", wanted,
                                   " sessions; the server has ", possible, " for users");
  const int64_t missing = wanted - possible;
  const int64_t max_connections = NumberOf(server, "max_connections").value_or(0);
  const auto raise = [&](int64_t by) {
    return std::vector<std::string>{
        SetForServer("max_connections", std::to_string(max_connections + by))};
  };
  constexpr char kAdvice[] =
      "Lower max_size in pools and logins (or pools.max_sessions_total), or raise "
      "max_connections, on replicas first, and restart PostgreSQL:";
  if (missing > 0) {
    findings.push_back(
        {&kTooFewConnections, {endpoint.name}, begin + ".", kAdvice, raise(missing)});
  } else if (missing + server.connections.others > 0) {
    findings.push_back(
        {&kConnectionsTight,
         {endpoint.name},
         StrCat(begin, ", and others have ", server.connections.others, " of these."),
         kAdvice,
         raise(missing + server.connections.others)});
  } else if (missing + server.connections.others + SessionsOfOne(gateway) > 0) {
    findings.push_back(
        {&kNoRoomForRollout,
         {endpoint.name},
         StrCat(begin, ", of which others have ", server.connections.others, "."),
         "If gateways are replaced one after the other, leave room for one more.",
         raise(missing + server.connections.others + SessionsOfOne(gateway))});
  }
}

void JudgeOwnLimits(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                    Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  const LoginFacts& login = server.login;
  const int64_t wanted = SessionsWanted(gateway);
  // No limit holds for superusers.
  if (login.is_superuser) return;
  const std::string role = Identifier(login.role);
  const int64_t own = OwnSessionsWanted(gateway);
  const int64_t of_role = own + server.connections.of_role;
  if (login.connection_limit >= 0 && login.connection_limit < of_role) {
    findings.push_back(
        {&kRoleLimit,
         {endpoint.name},
         StrCat("The role ", role, " may have ", login.connection_limit,
                " sessions; the fleet may open ", own, ", others have ",
                server.connections.of_role, " as this role."),
         "Raise it, or lower pools.*.max_size:",
         {StrCat("ALTER ROLE ", role, " CONNECTION LIMIT ", of_role, ";")}});
  }
  const int64_t of_database = wanted + server.connections.of_database;
  if (login.database_connection_limit >= 0 &&
      login.database_connection_limit < of_database) {
    const std::string database = Identifier(login.database);
    findings.push_back(
        {&kDatabaseLimit,
         {endpoint.name},
         StrCat("The database ", database, " takes ", login.database_connection_limit,
                " sessions; the fleet may open ", wanted, ", others have ",
                server.connections.of_database, " there."),
         "Raise it, or lower pools.*.max_size:",
         {StrCat("ALTER DATABASE ", database, " CONNECTION LIMIT ", of_database, ";")}});
  }
}

}  // namespace

FindingKinds CapacityKinds() {
  return {&kTooFewConnections, &kConnectionsTight, &kNoRoomForRollout, &kRoleLimit,
          &kDatabaseLimit};
}

int64_t SessionsWanted(const GatewayFacts& gateway) {
  return GatewayCount(gateway) * SessionsOfOne(gateway);
}

int64_t SessionsPossible(const ServerFacts& server) {
  return NumberOf(server, "max_connections").value_or(0) -
         NumberOf(server, "superuser_reserved_connections").value_or(0) -
         NumberOf(server, "reserved_connections").value_or(0);
}

void JudgeCapacity(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                   Findings& findings) {
  if (!endpoint.server.has_value()) return;
  JudgeServerLimit(gateway, endpoint, findings);
  JudgeOwnLimits(gateway, endpoint, findings);
}

}  // namespace pgsluice::doctor
