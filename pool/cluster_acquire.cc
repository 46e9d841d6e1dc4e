// The way from a call to its session: routed, made to wait for a primary, queued.
#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "asio/this_coro.hpp"

#include "pool/cluster.h"
#include "pool/completion.h"
#include "pool/error.h"
#include "pool/timer.h"

namespace pgsluice {

namespace {

using LeaseCompletion = Completion<absl::StatusOr<Lease>>;
constexpr size_t kFewEndpoints = 8;
// Of what is left of a call's time, but for so much at the most: for an error to travel.
constexpr double kSpareShare = 0.05;
constexpr absl::Duration kMostSpare = absl::Milliseconds(50);

bool IsReroute(const absl::Status& status) {
  return absl::IsAborted(status) && !DetailsOf(status).has_value();
}

// Probes do not reach the endpoint, but its sessions may: one has answered just now, or
// there are some and the endpoint has not fallen silent (it refuses new ones, say).
bool IsAnswering(const EndpointView& view, const EndpointPool& pool,
                 absl::Duration patience, absl::Time now) {
  if (now - pool.answered_at() <= patience) return pool.open() > 0;
  return !view.is_silent && pool.open() > 0;
}

}  // namespace

LoadView Cluster::LoadOf(const State& state, size_t index, absl::Time now) {
  const std::shared_ptr<EndpointPool>& pool = state.members[index].pool;
  if (pool == nullptr) return {};
  LoadView load{.in_flight = pool->in_flight(), .is_paused = pool->is_paused()};
  const EndpointView& view = state.topology.endpoints[index];
  if (!view.is_reachable) {
    load.is_answering =
        IsAnswering(view, *pool, state.topology_options.probe_timeout, now);
  }
  return load;
}

absl::StatusOr<RouteDecision> Cluster::Choose(const State& state,
                                              const RouteRequest& request) {
  const absl::Time now = deps_.clock->Now();
  absl::InlinedVector<LoadView, kFewEndpoints> loads;
  for (size_t i = 0; i < state.members.size(); ++i) {
    loads.push_back(LoadOf(state, i, now));
  }
  return Route(request, state.topology, loads,
               turn_.fetch_add(1, std::memory_order_relaxed));
}

absl::StatusOr<RouteDecision> Cluster::Decide(const RouteRequest& request) {
  return Choose(*state(), request);
}

RouteExplanation Cluster::Explain(const RouteRequest& request) {
  const std::shared_ptr<const State> current = state();
  const absl::Time now = deps_.clock->Now();
  RouteExplanation explanation;
  explanation.topology = current->topology;
  explanation.decision = Choose(*current, request);
  const bool goes_to_primary =
      explanation.decision.ok() && explanation.decision->role == Role::kPrimary;
  for (size_t i = 0; i < current->members.size(); ++i) {
    const EndpointView& view = current->topology.endpoints[i];
    const LoadView load = LoadOf(*current, i, now);
    // A read that falls back to the primary holds against it what a write does.
    const bool is_fallback = goes_to_primary && view.role == Role::kPrimary;
    const Role wanted = is_fallback ? Role::kPrimary : WantedRole(request);
    explanation.endpoints.push_back({JudgeAs(wanted, request, view, load), load});
  }
  return explanation;
}

asio::awaitable<absl::StatusOr<RoutedLease>> Cluster::Acquire(RouteRequest request,
                                                              int shard,
                                                              absl::Time deadline,
                                                              StopSignal& stop) {
  const absl::Time started = deps_.clock->Now();
  absl::Duration buffered;
  PrimaryWait::Turn turn;
  while (true) {
    if (stop.is_stopped()) co_return StoppedBeforeStart(stop.reason());
    const uint64_t epoch = primary_wait_->epoch();
    const std::shared_ptr<const State> current = state();
    if (current->is_draining) co_return Draining();
    absl::StatusOr<RouteDecision> route = Choose(*current, request);
    if (!route.ok()) co_return route.status();
    if (route->awaits_primary) {
      const absl::Time begun = deps_.clock->Now();
      const absl::Duration spare = std::min((deadline - begun) * kSpareShare, kMostSpare);
      const absl::Time until =
          std::min(deadline - spare, begun + current->buffer.time - buffered);
      const BufferedFor wanted = request.intent == Intent::kRead &&
                                         request.freshness.kind == Freshness::Kind::kAny
                                     ? BufferedFor::kAnything
                                     : BufferedFor::kPrimary;
      const absl::Status waited =
          co_await primary_wait_->Wait(wanted, epoch, until, stop, turn);
      buffered += deps_.clock->Now() - begun;
      if (!waited.ok()) co_return WhyNotBuffered(waited, buffered);
      continue;
    }

    const std::shared_ptr<EndpointPool> pool = current->members[route->endpoint].pool;
    if (pool == nullptr) co_return NoEndpoint(route->role, "its pool is being made");
    const absl::Time now = deps_.clock->Now();
    const PoolOptions& options = current->options.OfRole(pool->role());
    // Time spent in the queue of a pool that retired counts, that without a primary does
    // not.
    const absl::Time wait_until =
        std::min(deadline, started + buffered + options.acquire_timeout);

    auto completion = std::make_shared<LeaseCompletion>();
    absl::StatusOr<EndpointPool::Acquired> acquired = pool->Acquire(
        {.shard = shard,
         .deadline = wait_until,
         .kind = request.kind,
         .caller = request.caller},
        [completion](absl::StatusOr<Lease> lease) { completion->Set(std::move(lease)); });
    // The role has changed since the look at the state: look again.
    if (IsReroute(acquired.status())) continue;
    if (!acquired.ok()) co_return acquired.status();
    if (Lease* lease = std::get_if<Lease>(&*acquired); lease != nullptr) {
      co_return RoutedLease{std::move(*lease), route->reason};
    }

    const WaiterId waiter = std::get<WaiterId>(*acquired);
    auto subscription = stop.Subscribe([&pool, waiter](StopReason reason) {
      pool->EndWaiter(waiter, StoppedBeforeStart(reason));
    });
    Timer timer(co_await asio::this_coro::executor);
    // Expires every waiter that is due.
    timer.Set(wait_until - now, [&pool] { pool->Maintain(); });
    absl::StatusOr<Lease> lease = co_await completion->Wait();
    timer.Cancel();
    if (lease.ok()) co_return RoutedLease{*std::move(lease), route->reason};
    if (!IsReroute(lease.status())) co_return lease.status();
  }
}

absl::Status Cluster::WhyNotBuffered(const absl::Status& waited,
                                     absl::Duration buffered) const {
  if (DetailsOf(waited).has_value()) return waited;
  const std::shared_ptr<const State> current = state();
  const std::string why = WhyNoPrimary(current->topology);
  if (absl::IsResourceExhausted(waited)) {
    return FailoverBufferFull(current->buffer.size, why);
  }
  return PrimaryAwaitedInVain(buffered, why);
}

// Where calls wait that will not be served there.
void Cluster::SendAwayFromUnreachable(const State& state) {
  const absl::Time now = deps_.clock->Now();
  for (size_t i = 0; i < state.members.size(); ++i) {
    const std::shared_ptr<EndpointPool>& pool = state.members[i].pool;
    if (pool == nullptr || pool->waiters() == 0) continue;
    const Rejection rejection =
        JudgeAs(pool->role(), {}, state.topology.endpoints[i], LoadOf(state, i, now));
    const bool is_lost = rejection == Rejection::kUnreachable ||
                         rejection == Rejection::kDoubted ||
                         rejection == Rejection::kEjected;
    if (is_lost) pool->SendAway(Reroute());
  }
}

void Cluster::DirectWaiters(const State& before) {
  const std::shared_ptr<const State> now = state();
  SendAwayFromUnreachable(*now);
  const Topology& topology = now->topology;
  if (topology.HasUsablePrimary()) {
    primary_wait_->Open(now->options.primary.max_size);
    return;
  }
  primary_wait_->Close();
  if (!topology.awaits_primary) {
    primary_wait_->WakeAll();
  } else if (!SameReplicas(before.topology, topology)) {
    primary_wait_->WakeUndemanding();
  }
}

}  // namespace pgsluice
