// A session is one live PostgreSQL connection. This is the seam between pooling and
// PostgreSQL: the real one is pg/pg_session.h, the fake lives in tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"

#include "pool/cancel_tally.h"
#include "pool/error.h"
#include "pool/result.h"
#include "pool/session_lifecycle.h"
#include "pool/statement.h"
#include "pool/stop_signal.h"

namespace pgsluice {

// One statement being run. Must outlive the statement's end.
struct Execution {
  const Statement* statement = nullptr;
  Phase phase = Phase::kAutocommit;
  uint64_t id = 0;  // Rises; names the statement in RequestStop.
  // In a flight: the server hands over this one's result before it turns to the next.
  bool wants_flush = false;
  // Of a write, or a COMMIT, that ends what it stands in: asks, in the same round trip,
  // where the WAL is after it (CommandResult::position). In an atomic flight only of the
  // last leg.
  bool wants_position = false;
  // Run before it, in one transaction with it, so that what they set ends with it; if
  // they fail, it does. The transaction of a read (Phase::kRead) is rolled back behind
  // it; that of a write (kAutocommit), by itself or in an independent flight, is
  // committed, and a COMMIT that fails is the write's own error; that of a write by
  // itself with kUncommitted is left to its holder, to commit. The same for all legs of a
  // flight, but for WritePositionStatement, which has none. With other phases they are
  // refused.
  const Statement* settings = nullptr;
  // Of a plain write outside a transaction (Phase::kAutocommit): run before it, in the
  // transaction that the server makes of both. Only for what names it in views and logs:
  // none has to run with it, and other statements, which may need to be alone or may
  // commit themselves, are sent without.
  const Statement* label = nullptr;
  // When it will be stopped at the latest: PostgreSQL itself ends it within a second
  // then.
  absl::Time deadline = absl::InfiniteFuture();
};

// What an error in a flight means to the statements, its legs, behind it.
enum class FlightKind {
  // They are skipped. Outside a transaction block a flight is a transaction of its own:
  // nothing of it is durable before its last leg has ended well.
  kAtomic,
  // Nothing: each leg stands and falls alone.
  kIndependent,
};

// What a Fetch brought.
struct Fetched {
  bool is_complete = false;  // False: the sink was full, fetch again.
  CommandResult result;      // Only when complete.
};

class Session {
 public:
  virtual ~Session() = default;

  virtual int shard() const = 0;
  virtual asio::any_io_executor executor() const = 0;

  // Sends a statement. On the session's shard, by the lease's holder.
  virtual asio::awaitable<absl::Status> Start(const Execution& execution) = 0;
  // Sends several statements together, in one round trip: a flight. Each of its legs is
  // then fetched to its end, in order, errors being answers like others; one that was not
  // run because of an error before it is answered with an error that WasSkipped. Once the
  // session is lost, or a stop found no end, all that is left is answered so. On the
  // session's shard, by the lease's holder.
  virtual asio::awaitable<absl::Status> StartFlight(std::span<const Execution> legs,
                                                    FlightKind kind) = 0;
  // Reads rows into `sink` until it is full or the statement has ended. On the session's
  // shard. After an error the statement is over, or will be cleaned up on return.
  virtual asio::awaitable<absl::StatusOr<Fetched>> Fetch(RowSink& sink) = 0;
  // Asks PostgreSQL to cancel statement `id`, if it still runs, so that Fetch ends soon;
  // of a flight, which any of its legs names, the leg that runs and those behind it.
  // Never cancels a COMMIT. From any thread.
  virtual void RequestStop(uint64_t id, StopReason reason) = 0;

  // What a returned session looks like. By the lease's holder or the pool.
  virtual SessionFacts facts() const = 0;
  // False when the server has ended it, or said anything, while it was idle. By the pool;
  // does not block.
  virtual bool LooksAlive() const = 0;
  // The endpoint does not answer its probes: from now on a server that has become silent
  // is found out within seconds, however rare keepalives are. From any thread.
  virtual void WatchClosely() = 0;
  // Makes the session as new; `done` is called once, on the session's shard.
  virtual void CleanUp(const CleanUpPlan& plan,
                       std::function<void(absl::Status)> done) = 0;
  // Ends it. From any thread; nothing else is called afterwards.
  virtual void Close() = 0;
};

// Opens sessions.
class Connector {
 public:
  virtual ~Connector() = default;
  // Calls `done` once, on any thread: an initialised session, or why there is none.
  virtual void Connect(
      int shard, absl::Time deadline,
      std::function<void(absl::StatusOr<std::shared_ptr<Session>>)> done) = 0;
  // Of all sessions of its endpoint and role since the process began. From any thread.
  virtual CancelCounts cancel_counts() const { return {}; }
};

}  // namespace pgsluice
