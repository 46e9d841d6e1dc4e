// Everything that findings are made of. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/control/server_facts.h"
#include "pool/options.h"
#include "pool/pg/trial_session.h"

namespace pgsluice::doctor {

// The gateway's side.
struct GatewayFacts {
  PoolsOptions pools;  // Of the whole fleet, as configured.
  SessionOptions session;
  LagBound lag_bound;
  absl::Duration probe_timeout = absl::Seconds(2);
  absl::Duration transaction_idle_timeout = absl::Seconds(30);
  absl::Duration max_transaction_duration = absl::Minutes(10);
  absl::Duration drain = absl::Seconds(35);  // From SIGTERM to its end.
  bool resolves_commits = true;
  bool keeps_idempotency_keys = false;
  bool creates_key_table = true;
  uint64_t max_files = 1 << 20;  // Descriptors that the process may have.
  int libpq_version = 0;         // 150014
};

// What was learnt of a named login with one endpoint.
struct NamedLoginFacts {
  std::string name;
  std::string user;
  TrialFacts trial{};
  std::optional<LoginFacts> role{};  // Absent: it could not be asked.
};

// What was learnt of one endpoint.
struct EndpointFacts {
  std::string name;
  bool is_late = false;  // It was not done in time; nothing else is known then.
  TrialFacts trial;
  std::optional<ServerFacts> server;
  std::string why_unknown{};  // Without `server`: what its questions failed of.
  std::vector<NamedLoginFacts> logins{};  // In the order of the gateway's; or none.

  bool is_primary() const { return server.has_value() && !server->in_recovery; }
  bool is_replica() const { return server.has_value() && server->in_recovery; }
};

struct DeploymentFacts {
  GatewayFacts gateway;
  std::vector<EndpointFacts> endpoints;
  absl::Time now;
};

}  // namespace pgsluice::doctor
