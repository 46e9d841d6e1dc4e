#include "pool/lease.h"

#include <algorithm>
#include <atomic>

#include "asio/co_spawn.hpp"
#include "asio/use_awaitable.hpp"

#include "pool/endpoint_pool.h"
#include "pool/event_loop.h"

namespace pgsluice {

namespace {

// Numbers every statement of the process.
uint64_t NextStatementId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

// Runs `operation` on the session's shard and comes back to the caller's.
template <class T>
asio::awaitable<T> OnShardOf(Session& session, asio::awaitable<T> operation) {
  if (EventLoop::IsCurrent(session.executor())) return operation;
  return asio::co_spawn(session.executor(), std::move(operation), asio::use_awaitable);
}

asio::awaitable<absl::StatusOr<Fetched>> RunFirst(Session& session,
                                                  const Execution& execution,
                                                  RowSink& sink) {
  absl::Status started = co_await session.Start(execution);
  if (!started.ok()) co_return started;
  co_return co_await session.Fetch(sink);
}

using LegResults = std::vector<absl::StatusOr<CommandResult>>;

asio::awaitable<LegResults> RunLegs(Session& session, std::span<const Execution> legs,
                                    std::span<RowSink* const> sinks, FlightKind kind) {
  LegResults results;
  absl::Status cut = co_await session.StartFlight(legs, kind);
  for (size_t i = 0; cut.ok() && i < legs.size(); ++i) {
    absl::StatusOr<Fetched> fetched = Fetched{};
    while (fetched.ok() && !fetched->is_complete) {
      fetched = co_await session.Fetch(*sinks[i]);
    }
    if (fetched.ok()) {
      results.push_back(std::move(fetched->result));
      continue;
    }
    results.push_back(fetched.status());
  }
  if (!cut.ok()) results.resize(legs.size(), cut);
  co_return results;
}

}  // namespace

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Return();
  pool_ = std::move(other.pool_);
  session_ = std::exchange(other.session_, nullptr);
  return *this;
}

Role Lease::role() const { return pool_->role(); }

const std::string& Lease::endpoint() const { return pool_->endpoint(); }

absl::Time Lease::dialled_at() const { return session_->dialled_at; }

absl::Time Lease::opened_at() const { return session_->opened_at; }

Session& Lease::session() const { return *session_->session; }

TransactionStatus Lease::transaction() const { return session().facts().transaction; }

void Lease::NameNext(Execution& execution, const StopSignal& stop) {
  execution.id = statement_id_ = NextStatementId();
  execution.deadline = std::min(execution.deadline, stop.deadline());
}

StopSignal::Subscription Lease::StopWith(StopSignal& stop) {
  return stop.Subscribe(
      [this](StopReason reason) { session().RequestStop(statement_id_, reason); });
}

asio::awaitable<absl::Status> Lease::Start(const Statement& statement, Phase phase,
                                           StopSignal& stop) {
  if (stop.is_stopped()) co_return StoppedBeforeStart(stop.reason());
  Execution execution{.statement = &statement, .phase = phase};
  NameNext(execution, stop);
  const auto subscription = StopWith(stop);
  co_return co_await OnShardOf(session(), session().Start(execution));
}

asio::awaitable<absl::StatusOr<Fetched>> Lease::StartAndFetch(Execution execution,
                                                              RowSink& sink,
                                                              StopSignal& stop) {
  if (stop.is_stopped()) co_return StoppedBeforeStart(stop.reason());
  NameNext(execution, stop);
  const auto subscription = StopWith(stop);
  co_return co_await OnShardOf(session(), RunFirst(session(), execution, sink));
}

void Lease::NameLegs(std::vector<Execution>& legs, const StopSignal& stop) {
  for (Execution& leg : legs) {
    NameNext(leg, stop);
  }
}

asio::awaitable<absl::Status> Lease::StartFlight(std::vector<Execution> legs,
                                                 FlightKind kind, StopSignal& stop) {
  if (stop.is_stopped()) co_return StoppedBeforeStart(stop.reason());
  NameLegs(legs, stop);
  const auto subscription = StopWith(stop);
  co_return co_await OnShardOf(session(), session().StartFlight(legs, kind));
}

asio::awaitable<LegResults> Lease::RunFlight(std::vector<Execution> legs,
                                             std::vector<RowSink*> sinks, FlightKind kind,
                                             StopSignal& stop) {
  if (stop.is_stopped()) {
    co_return LegResults(legs.size(), StoppedBeforeStart(stop.reason()));
  }
  NameLegs(legs, stop);
  const auto subscription = StopWith(stop);
  co_return co_await OnShardOf(session(), RunLegs(session(), legs, sinks, kind));
}

asio::awaitable<absl::StatusOr<Fetched>> Lease::Fetch(RowSink& sink, StopSignal& stop) {
  const auto subscription = StopWith(stop);
  co_return co_await OnShardOf(session(), session().Fetch(sink));
}

asio::awaitable<absl::StatusOr<CommandResult>> Lease::Execute(const Statement& statement,
                                                              Phase phase, RowSink& sink,
                                                              StopSignal& stop) {
  const Execution execution{.statement = &statement, .phase = phase};
  absl::StatusOr<Fetched> fetched = co_await StartAndFetch(execution, sink, stop);
  while (fetched.ok() && !fetched->is_complete) fetched = co_await Fetch(sink, stop);
  if (!fetched.ok()) co_return fetched.status();
  co_return std::move(fetched->result);
}

void Lease::Return() {
  if (session_ == nullptr) return;
  // The pool outlives the call: it is held here until the session is back.
  auto pool = std::move(pool_);
  pool->Return(std::exchange(session_, nullptr));
}

}  // namespace pgsluice
