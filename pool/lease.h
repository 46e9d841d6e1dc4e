// A lease holds one session for one call; it gives the session back when destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pool/session.h"
#include "pool/stop_signal.h"

namespace pgsluice {

class EndpointPool;
struct PooledSession;

// Confined to the shard of the call that holds it.
class Lease final {
 public:
  Lease() = default;
  Lease(std::shared_ptr<EndpointPool> pool, PooledSession* session)
      : pool_(std::move(pool)), session_(session) {}
  Lease(Lease&& other) noexcept
      : pool_(std::move(other.pool_)), session_(std::exchange(other.session_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { Return(); }

  bool has_session() const { return session_ != nullptr; }
  Role role() const;
  const std::string& endpoint() const;
  // When its session's dial began.
  absl::Time dialled_at() const;
  // When its session was opened, or a little later.
  absl::Time opened_at() const;

  // Sends a statement; both it and the sink must outlive its end. Takes `stop` into
  // account from here until Fetch has ended the statement.
  asio::awaitable<absl::Status> Start(const Statement& statement, Phase phase,
                                      StopSignal& stop);
  asio::awaitable<absl::StatusOr<Fetched>> Fetch(RowSink& sink, StopSignal& stop);
  // Both in one visit to the session's shard. The execution's id and deadline are given
  // here.
  asio::awaitable<absl::StatusOr<Fetched>> StartAndFetch(Execution execution,
                                                         RowSink& sink, StopSignal& stop);
  // Sends statements together; each is then fetched to its end, in order. Statements and
  // sinks must outlive the flight. See Session::StartFlight; ids are given here.
  asio::awaitable<absl::Status> StartFlight(std::vector<Execution> legs, FlightKind kind,
                                            StopSignal& stop);
  // StartFlight, then all fetched, each into its own sink, in one visit to the session's
  // shard. One result a leg.
  asio::awaitable<std::vector<absl::StatusOr<CommandResult>>> RunFlight(
      std::vector<Execution> legs, std::vector<RowSink*> sinks, FlightKind kind,
      StopSignal& stop);
  // Start, then Fetch until complete.
  asio::awaitable<absl::StatusOr<CommandResult>> Execute(const Statement& statement,
                                                         Phase phase, RowSink& sink,
                                                         StopSignal& stop);

  // Where the session's transaction stands; between statements.
  TransactionStatus transaction() const;

  // Gives the session back; what it left open is cleaned up behind the caller's back.
  void Return();

 private:
  Session& session() const;
  // Names the statement, so that a stop can only meet this one.
  void NameNext(Execution& execution, const StopSignal& stop);
  void NameLegs(std::vector<Execution>& legs, const StopSignal& stop);
  // Passes a stop on to the statement named last.
  StopSignal::Subscription StopWith(StopSignal& stop);

  // Shared by the pool's owner, its leases and its pending connects.
  std::shared_ptr<EndpointPool> pool_;
  PooledSession* session_ = nullptr;
  uint64_t statement_id_ = 0;
};

}  // namespace pgsluice
