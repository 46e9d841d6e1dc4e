// Options of the client, its calls and its transactions.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/security/credentials.h"

#include "pgsluice/client/causal_context.h"
#include "pgsluice/v1/query.pb.h"
#include "pgsluice/v1/transaction.pb.h"

namespace pgsluice::client {

// What a call means to do: decides the pool.
enum class Intent {
  kWrite,  // The safe choice: the primary.
  kRead,   // A replica, when one is usable.
};

enum class HealthWatch {
  kOn,   // Calls go only to gateways that say they are serving.
  kOff,  // To any gateway that answers, for tools that look at a sick one.
};

enum class WhenUnreachable {
  kWait,      // Until the call's deadline.
  kFailFast,  // UNAVAILABLE at once.
};

struct ClientOptions {
  // Insecure when unset. For TLS: TlsCredentials (tls.h).
  std::shared_ptr<grpc::ChannelCredentials> credentials = {};
  // Bearer token that says who is calling; empty: none. It is sent with every call,
  // without TLS as well.
  std::string token = {};
  // Deadline of a call that names none.
  absl::Duration default_timeout = absl::Seconds(30);
  HealthWatch health_watch = HealthWatch::kOn;
  WhenUnreachable when_unreachable = WhenUnreachable::kWait;
  // A ping this often while calls are in progress finds dead gateways; infinite: none.
  absl::Duration keepalive = absl::Seconds(60);
  // Longest pause between tries to reach a gateway that is gone; infinite: gRPC's, which
  // grows to two minutes.
  absl::Duration max_reconnect_delay = absl::InfiniteDuration();
  // Largest response; streamed messages stay near 64 KiB.
  int max_response_bytes = 64 << 20;
  // Tries of one call, the first one included, where sending again is safe: the
  // gateway says so in its verdict, or the call only reads.
  int max_attempts = 4;
  // Of all first attempts of this client, the share that may be sent again, so that
  // clients do not multiply the load of what is in trouble; and how many retries may be
  // saved up, which are there to begin with.
  double retry_budget = 0.1;
  double retry_reserve = 10;
};

struct QueryOptions {
  Intent intent = Intent::kWrite;
  // A read that must see every commit acknowledged before.
  bool strong = false;
  // A read that must see the write that this token came with (ResultSet::token and its
  // kin), by whatever gateway. Empty: none.
  std::string at_least = {};
  // A read that must see every commit older than this, as far as the gateway can tell.
  std::optional<absl::Duration> max_staleness = {};
  // When no replica is that fresh. Unset: waits a little, then goes to the primary.
  v1::IfUnmet if_unmet = v1::IF_UNMET_UNSPECIFIED;
  // Must outlive the call. Null: none.
  CausalContext* context = nullptr;
  // The call's deadline from now; unset: ClientOptions::default_timeout for Query,
  // none for StreamQuery.
  std::optional<absl::Duration> timeout = {};
  // Limits of PostgreSQL's work alone; unset: the gateway's.
  std::optional<absl::Duration> statement_timeout = {};
  // 0: the gateway's limit. Not for StreamQuery.
  uint32_t max_rows = 0;
  uint64_t max_bytes = 0;
  // A word for the gateway's logs.
  std::string tag = {};
  // Asks for route() and timing() in the answer.
  bool report = false;
  // PACKED costs less for large results; typed getters read both (arrays: only
  // VALUES).
  v1::RowEncoding encoding = v1::ROW_ENCODING_VALUES;
  // A write that takes effect exactly once, however often it is sent with this key, by
  // whomever: 1 to 255 bytes of printable ASCII, a random UUID say, chosen once for what
  // is to happen once. The client then sends it again by itself when the connection or
  // the session was lost; so may the caller, after any error and with a new deadline.
  // Only for Query, if the gateway has `idempotency.enabled`.
  std::optional<std::string> idempotency_key = {};
};

struct TransactionOptions {
  // kRead: READ ONLY, on a replica when one is usable.
  Intent intent = Intent::kWrite;
  v1::Isolation isolation = v1::ISOLATION_UNSPECIFIED;
  bool read_only = false;
  bool deferrable = false;
  // Deadline of the whole transaction from now; unset: none but the gateway's.
  std::optional<absl::Duration> timeout = {};
  // Limits each statement.
  std::optional<absl::Duration> statement_timeout = {};
  // With kRead: how fresh it must be; see QueryOptions.
  std::string at_least = {};
  std::optional<absl::Duration> max_staleness = {};
  v1::IfUnmet if_unmet = v1::IF_UNMET_UNSPECIFIED;
  // Must outlive the transaction. Null: none.
  CausalContext* context = nullptr;
  // Longest silence before the gateway rolls back; unset: the gateway's.
  std::optional<absl::Duration> idle_timeout = {};
  // Longest life of the transaction before the gateway rolls it back, however long its
  // stream may live; unset: the gateway's.
  std::optional<absl::Duration> total_timeout = {};
  // A statement that fails undoes only itself, and the transaction stays active.
  bool auto_savepoint = false;
  std::string tag = {};
};

}  // namespace pgsluice::client
