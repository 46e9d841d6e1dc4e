// Settings of pools, sessions and probes, as the server's configuration fills them in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/login.h"

namespace pgsluice {

// What becomes of a call whose predicted wait exceeds its deadline.
enum class DoomedPolicy {
  kOff,
  kDryRun,  // Counted only.
  kOn,      // Refused on arrival.
};

// One endpoint's pool. Invariant: open sessions and those being opened <= max_size.
struct PoolOptions {
  size_t min_size = 2;
  size_t max_size = 10;
  size_t max_waiters = 1000;
  absl::Duration acquire_timeout = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration idle_timeout = absl::Minutes(5);
  absl::Duration max_lifetime = absl::Minutes(30);
  double lifetime_jitter = 0.1;  // Each session lives max_lifetime * (1 - [0, jitter]).
  uint64_t max_uses = 10000;     // Leases before a session is renewed; 0: no limit.
  size_t max_concurrent_connects = 4;
  absl::Duration backoff_initial = absl::Milliseconds(100);
  absl::Duration backoff_max = absl::Seconds(10);
  double connect_rate = 20;   // Dials a second; 0: no limit.
  size_t connect_burst = 10;  // Dials at once before the rate holds.
  // A waiter gives up when none is open and that many tries, `connect_retry_delay` apart,
  // have failed while it waited. 0: it waits as long as it may.
  size_t connect_retry_limit = 3;
  absl::Duration connect_retry_delay = absl::Seconds(1);
  // Between tries for one more session while the server is full.
  absl::Duration full_retry_interval = absl::Seconds(5);
  // Part of max_size that transactions and streams may hold together, rounded up.
  double transaction_share = 0.8;
  DoomedPolicy refuse_doomed = DoomedPolicy::kDryRun;
  // An idle session not heard of for this long is asked; zero: none is.
  absl::Duration ping_after = absl::Seconds(30);

  bool operator==(const PoolOptions&) const = default;
};

// How a used session becomes as new.
enum class SessionReset {
  kWhenNeeded,  // After a statement whose text shows that it may leave something behind.
  kAlways,      // After every lease: also what views, triggers and the like hide.
  kFull,        // When needed, and by DISCARD ALL: prepared statements are lost, too.
};

// How a session is prepared before its first lease, and kept.
struct SessionOptions {
  std::string application_name = "pgsluice";
  absl::Duration statement_timeout = absl::Hours(1);  // Zero: none.
  std::string search_path;                            // Empty: the server's.
  std::string default_isolation = "read committed";
  std::string client_encoding = "UTF8";  // Nothing else: answers are UTF-8.
  std::string time_zone = "UTC";
  absl::Duration idle_in_transaction_timeout = absl::Seconds(60);
  absl::Duration keepalive_idle = absl::Seconds(2);
  absl::Duration keepalive_interval = absl::Seconds(1);
  int keepalive_count = 3;
  absl::Duration tcp_user_timeout = absl::Milliseconds(3500);
  size_t prepared_statements = 256;  // Per session; 0: none are kept.
  SessionReset reset = SessionReset::kWhenNeeded;
  // For a cancelled statement to end; after it the session is closed.
  absl::Duration cancel_budget = absl::Seconds(2);

  bool operator==(const SessionOptions&) const = default;
};

struct ProbeOptions {
  absl::Duration interval = absl::Milliseconds(250);
  absl::Duration timeout = absl::Seconds(2);  // An older answer counts as none.
  std::vector<std::string> users =
      {};  // Those of named logins: what they may do is asked.

  bool operator==(const ProbeOptions&) const = default;
};

enum class ReadFallback {
  kPrimary,  // Reads go to the primary when no replica is usable.
  kNone,     // They fail instead.
};

// How far behind a replica may be to get reads. Zero: no bound.
struct LagBound {
  absl::Duration time = absl::Seconds(60);
  uint64_t bytes = 0;

  bool operator==(const LagBound&) const = default;
};

// Where writes wait while there is no primary.
struct FailoverBufferOptions {
  size_t size = 1000;                       // Calls; 0: none waits.
  absl::Duration time = absl::Seconds(10);  // Longest wait of each.

  bool operator==(const FailoverBufferOptions&) const = default;
};

// When a replica whose sessions fail gets no calls for a while.
struct EjectionOptions {
  size_t failures = 5;                     // Sessions lost in a row; 0: never for that.
  absl::Duration time = absl::Seconds(1);  // At first; zero: none is ejected.

  bool operator==(const EjectionOptions&) const = default;
};

// The pools of a named login.
struct LoginPools {
  NamedLogin login;
  PoolOptions primary;
  PoolOptions replica;

  bool operator==(const LoginPools&) const = default;
};

// How many sessions each role's pools may have, and all of them together.
struct PoolsOptions {
  PoolOptions primary;
  PoolOptions replica;
  // Each has pools of its own, besides those of the endpoints' own login.
  std::vector<LoginPools> logins = {};
  size_t max_sessions_total = 0;  // Over all endpoints; 0: no limit but theirs.
  size_t fleet_size = 1;          // Gateways that share the sizes above.

  // Logins are counted from 1: number 0 is the endpoints' own.
  size_t login_count() const { return 1 + logins.size(); }
  // Null for number 0.
  const NamedLogin* LoginAt(size_t login) const {
    return login == 0 ? nullptr : &logins[login - 1].login;
  }
  const PoolOptions& OfRole(Role role, size_t login = 0) const {
    const bool is_primary = role == Role::kPrimary;
    if (login == 0) return is_primary ? primary : replica;
    const LoginPools& pools = logins[login - 1];
    return is_primary ? pools.primary : pools.replica;
  }

  bool operator==(const PoolsOptions&) const = default;
};

struct ClusterOptions {
  std::vector<Endpoint> endpoints;  // Without roles: those are probed.
  PoolsOptions pools;
  SessionOptions session;
  ProbeOptions probe;
  ReadFallback read_fallback = ReadFallback::kPrimary;
  // Of a conditional read that says nothing else, before it goes to the primary.
  absl::Duration freshness_wait = absl::Milliseconds(50);
  LagBound lag_bound;
  FailoverBufferOptions failover_buffer;
  EjectionOptions ejection;
  std::string zone;  // Of this gateway; empty: none.
  PrivilegedLogin privileged_login = PrivilegedLogin::kRefused;

  bool operator==(const ClusterOptions&) const = default;
};

}  // namespace pgsluice
