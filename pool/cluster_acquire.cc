// The way from a call to its session: routed, made to wait for a primary, queued.
#include <algorithm>
#include <utility>

#include "asio/this_coro.hpp"

#include "pool/cluster.h"
#include "pool/cluster_fresh_read.h"
#include "pool/completion.h"
#include "pool/error.h"
#include "pool/timer.h"

namespace pgsluice {

namespace {

using LeaseCompletion = Completion<absl::StatusOr<Lease>>;
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

// What all logins keep busy is one server.
LoadView Cluster::LoadOf(const State& state, size_t index, size_t login, absl::Time now) {
  LoadView load;
  for (const auto& pool : state.members[index].pools) {
    if (pool != nullptr) load.in_flight += pool->in_flight();
  }
  const std::shared_ptr<EndpointPool>& pool = state.members[index].pools[login];
  if (pool == nullptr) return load;
  load.is_paused = pool->is_paused();
  const EndpointView& view = state.topology.endpoints[index];
  if (!view.is_reachable) {
    load.is_answering =
        IsAnswering(view, *pool, state.topology_options.probe_timeout, now);
  }
  return load;
}

absl::StatusOr<RouteDecision> Cluster::Decide(const RouteRequest& request) {
  FreshRead read{.begun = deps_.clock->Now(), .is_counted = false};
  return Choose(*state(), request, read);
}

RouteExplanation Cluster::Explain(const RouteRequest& request) {
  const std::shared_ptr<const State> current = state();
  const absl::Time now = deps_.clock->Now();
  FreshRead read{.begun = now, .is_counted = false};
  RouteExplanation explanation;
  explanation.topology = current->topology;
  explanation.decision = Choose(*current, request, read);
  const bool goes_to_primary =
      explanation.decision.ok() && explanation.decision->role == Role::kPrimary;
  // The decision says so if there is no such login.
  const size_t login = current->FindLogin(request.login).value_or(0);
  if (explanation.decision.ok() && explanation.decision->is_made()) {
    const absl::Status refused = WhyNoPool(*current, *explanation.decision, login);
    if (!refused.ok()) explanation.decision = refused;
  }
  for (size_t i = 0; i < current->members.size(); ++i) {
    const EndpointView& view = current->topology.endpoints[i];
    LoadView load = LoadOf(*current, i, login, now);
    load.is_stale = read.IsStale(i, view.role);
    // A read that falls back to the primary holds against it what a write does.
    const bool is_fallback = goes_to_primary && view.role == Role::kPrimary;
    const Role wanted = is_fallback ? Role::kPrimary : WantedRole(request);
    explanation.endpoints.push_back({JudgeAs(wanted, request, view, load), load});
  }
  return explanation;
}

absl::Status Cluster::WhyNoPool(const State& state, const RouteDecision& route,
                                size_t login) {
  const Member& member = state.members[route.endpoint];
  if (member.pools[login] != nullptr) return absl::OkStatus();
  const std::string refused = state.WhyLoginRefused(login, route.endpoint);
  if (refused.empty()) return NoEndpoint(route.role, "its pool is being made");
  return LoginRefused(member.endpoint.name, state.options.LoginAt(login)->name, refused);
}

asio::awaitable<absl::StatusOr<RoutedLease>> Cluster::Acquire(RouteRequest request,
                                                              int shard,
                                                              absl::Time deadline,
                                                              StopSignal& stop) {
  // Time without a primary, or a replica that is fresh enough, does not count for it.
  absl::Time may_queue_from = deps_.clock->Now();
  FreshRead read{.begun = may_queue_from};
  absl::Duration buffered;
  PrimaryWait::Turn turn;
  while (true) {
    if (stop.is_stopped()) co_return StoppedBeforeStart(stop.reason());
    const uint64_t epoch = primary_wait_->epoch();
    const std::shared_ptr<const State> current = state();
    if (current->is_draining) co_return Draining();
    const absl::StatusOr<RouteDecision> route = Choose(*current, request, read);
    if (!route.ok()) co_return route.status();
    const absl::Time now = deps_.clock->Now();
    if (route->awaits_primary) {
      const absl::Duration spare = std::min((deadline - now) * kSpareShare, kMostSpare);
      const absl::Time until =
          std::min(deadline - spare, now + current->buffer.time - buffered);
      const bool may_read_elsewhere = request.intent == Intent::kRead &&
                                      request.freshness.kind != Freshness::Kind::kStrong;
      const BufferedFor wanted =
          may_read_elsewhere ? BufferedFor::kAnything : BufferedFor::kPrimary;
      const absl::Status waited =
          co_await primary_wait_->Wait(wanted, epoch, until, stop, turn);
      const absl::Duration took = deps_.clock->Now() - now;
      buffered += took;
      may_queue_from += took;
      if (!waited.ok()) co_return WhyNotBuffered(waited, buffered);
      continue;
    }
    if (route->awaits_replica) {
      turn.End();
      const absl::Status waited =
          co_await AwaitFreshness(*current, request, read, deadline, stop);
      may_queue_from += deps_.clock->Now() - now;
      if (!waited.ok()) co_return waited;
      continue;
    }

    const size_t login = current->FindLogin(request.login).value_or(0);  // It was found.
    const std::shared_ptr<EndpointPool> pool =
        current->members[route->endpoint].pools[login];
    if (pool == nullptr) co_return WhyNoPool(*current, *route, login);
    const PoolOptions& options = current->options.OfRole(pool->role(), login);
    // Time spent in the queue of a pool that retired counts.
    const AcquireRequest wanted{
        .shard = shard,
        .deadline = std::min(deadline, may_queue_from + options.acquire_timeout),
        .kind = request.kind,
        .caller = request.caller};
    absl::StatusOr<Lease> lease =
        co_await TakeSession(pool, wanted, wanted.deadline - now, stop);
    // The role has changed since the look at the state: look again.
    if (IsReroute(lease.status())) continue;
    if (!lease.ok()) co_return lease.status();
    if (!IsBackedByReading(*lease, request, *route, read)) continue;
    CountServed(request, *route, read);
    RoutedLease routed;
    routed.lease = *std::move(lease);
    routed.reason = route->reason;
    routed.freshness_wait = read.waited;
    if (request.wants_sight) {
      routed.sight = SightOf(*current, route->endpoint, deps_.clock->Now());
    }
    co_return routed;
  }
}

asio::awaitable<absl::StatusOr<Lease>> Cluster::TakeSession(
    std::shared_ptr<EndpointPool> pool, AcquireRequest request, absl::Duration patience,
    StopSignal& stop) {
  auto completion = std::make_shared<LeaseCompletion>();
  absl::StatusOr<EndpointPool::Acquired> acquired = pool->Acquire(
      request,
      [completion](absl::StatusOr<Lease> lease) { completion->Set(std::move(lease)); });
  if (!acquired.ok()) co_return acquired.status();
  if (Lease* lease = std::get_if<Lease>(&*acquired); lease != nullptr) {
    co_return std::move(*lease);
  }
  const WaiterId waiter = std::get<WaiterId>(*acquired);
  auto subscription = stop.Subscribe([&pool, waiter](StopReason reason) {
    pool->EndWaiter(waiter, StoppedBeforeStart(reason));
  });
  Timer timer(co_await asio::this_coro::executor);
  // Expires every waiter that is due.
  timer.Set(patience, [&pool] { pool->Maintain(); });
  absl::StatusOr<Lease> lease = co_await completion->Wait();
  timer.Cancel();
  co_return lease;
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
    const Pools& pools = state.members[i].pools;
    for (size_t login = 0; login < pools.size(); ++login) {
      const std::shared_ptr<EndpointPool>& pool = pools[login];
      if (pool == nullptr || pool->waiters() == 0) continue;
      const LoadView load = LoadOf(state, i, login, now);
      const Rejection rejection =
          JudgeAs(pool->role(), {}, state.topology.endpoints[i], load);
      const bool is_lost = rejection == Rejection::kUnreachable ||
                           rejection == Rejection::kDoubted ||
                           rejection == Rejection::kEjected;
      if (is_lost) pool->SendAway(Reroute());
    }
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
