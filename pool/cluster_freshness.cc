// How a read finds a replica that is fresh enough, or waits for one.
#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "asio/this_coro.hpp"

#include "pool/cluster.h"
#include "pool/cluster_fresh_read.h"
#include "pool/completion.h"
#include "pool/error.h"
#include "pool/error_freshness.h"
#include "pool/timer.h"

namespace pgsluice {

namespace {

// As many as are looked at without asking for memory.
constexpr size_t kFewEndpoints = 8;
// Of what is left of the deadline, but for so much at the most: for an error to travel.
constexpr double kSpareShare = 0.05;
constexpr absl::Duration kMostSpare = absl::Milliseconds(100);
// What is waited for is looked for that often, whoever wakes.
constexpr absl::Duration kLookAgain = absl::Milliseconds(250);
// For a reading that is younger than a session.
constexpr absl::Duration kVerifyWithin = absl::Milliseconds(500);

bool IsConditional(const RouteRequest& request) {
  return request.intent == Intent::kRead && request.freshness.is_conditional();
}

// The primary is there, and reads may go to it.
bool MayFallBack(const RouteRequest& request, const Topology& topology) {
  return request.fallback == ReadFallback::kPrimary && topology.primary.has_value() &&
         topology.endpoints[*topology.primary].is_reachable;
}

}  // namespace

absl::StatusOr<RouteDecision> Cluster::Choose(const State& state,
                                              const RouteRequest& request,
                                              FreshRead& read) {
  const absl::Time now = deps_.clock->Now();
  const std::optional<size_t> login = state.FindLogin(request.login);
  if (!login.has_value()) return NoSuchLogin(request.login);
  absl::InlinedVector<LoadView, kFewEndpoints> loads;
  for (size_t i = 0; i < state.members.size(); ++i) {
    loads.push_back(LoadOf(state, i, *login, now));
  }
  const uint64_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  if (!IsConditional(request)) return Route(request, state.topology, loads, turn);

  const Topology& topology = state.topology;
  if (request.freshness.kind == Freshness::Kind::kAtLeast) {
    const WriteToken& token = request.freshness.token;
    const TokenStanding standing = JudgeToken(token, topology);
    read.is_ahead = standing == TokenStanding::kAhead;
    if (standing != TokenStanding::kOurs && !read.is_ahead) {
      Count(read, FreshReadEnd::kTokenRefused);
      return TokenRefused(standing, token, topology);
    }
  }
  read.wanted = WantedPosition(request.freshness, topology, now);
  read.asked.assign(loads.size(), absl::InfinitePast());
  for (size_t i = 0; i < loads.size(); ++i) {
    if (topology.endpoints[i].role != Role::kReplica) continue;
    const std::optional<absl::Time> asked =
        WhenItMet(topology.endpoints[i], read, topology.lineage);
    loads[i].is_stale = !asked.has_value();
    read.asked[i] = asked.value_or(absl::InfinitePast());
  }

  RouteRequest routed = request;
  const bool has_waited = now >= read.begun + state.freshness_wait;
  routed.if_unmet =
      ResolveIfUnmet(request.if_unmet, has_waited, MayFallBack(request, topology));
  if (now < read.verify_until) routed.if_unmet = IfUnmet::kWait;
  if (read.is_ahead) {
    // The primary that this gateway sees is not the one that the token is from.
    routed.fallback = ReadFallback::kNone;
    if (routed.if_unmet == IfUnmet::kPrimary) routed.if_unmet = IfUnmet::kWait;
  }
  absl::StatusOr<RouteDecision> route = Route(routed, topology, loads, turn);
  if (!route.ok() && read.is_ahead) {
    if (request.if_unmet != IfUnmet::kFail) return RouteDecision{.awaits_replica = true};
    route = TokenRefused(TokenStanding::kAhead, request.freshness.token, topology);
  }
  if (!route.ok()) Count(read, FreshReadEnd::kUnmet);
  return route;
}

std::optional<absl::Time> Cluster::WhenItMet(const EndpointView& view,
                                             const FreshRead& read,
                                             const Lineage& lineage) const {
  if (!read.wanted.has_value()) return std::nullopt;
  std::optional<absl::Time> latest;
  const auto look_at = [&](const std::optional<WalReading>& reading) {
    const bool is_met = reading.has_value() && reading->asked_at >= read.not_before &&
                        HasReplayed(reading->position, *read.wanted, lineage);
    // An empty one is before all others.
    if (is_met) latest = std::max(latest, std::optional(reading->asked_at));
  };
  look_at(ReadingOf(view));
  if (watch_ != nullptr) look_at(watch_->Latest(view.name));
  return latest;
}

asio::awaitable<absl::Status> Cluster::AwaitFreshness(const State& state,
                                                      const RouteRequest& request,
                                                      FreshRead& read,
                                                      absl::Time deadline,
                                                      StopSignal& stop) {
  const absl::Time now = deps_.clock->Now();
  const absl::Time latest =
      deadline - std::min((deadline - read.begun) * kSpareShare, kMostSpare);
  if (now >= latest) {
    fresh_reads_.Count(FreshReadEnd::kUnmet);
    if (read.is_ahead) {
      co_return TokenRefused(TokenStanding::kAhead, request.freshness.token,
                             state.topology);
    }
    co_return NotFreshInTime(now - read.begun, HowFar(state.topology, read.wanted));
  }
  absl::Time until = std::min(latest, now + kLookAgain);
  const absl::Time to_primary = read.begun + state.freshness_wait;
  if (request.if_unmet == IfUnmet::kDefault && now < to_primary) {
    until = std::min(until, to_primary);
  }
  if (now < read.verify_until) until = std::min(until, read.verify_until);

  // Shared with whoever wakes it, who may come late.
  auto completion = std::make_shared<Completion<bool>>();
  const auto wake = [completion] { completion->Set(true); };
  uint64_t waiter = 0;
  if (watch_ != nullptr) {
    waiter = watch_->Wait({.position = read.wanted, .not_before = read.not_before}, wake);
  }
  {
    auto subscription = stop.Subscribe([wake](StopReason) { wake(); });
    Timer timer(co_await asio::this_coro::executor);
    timer.Set(until - now, wake);
    co_await completion->Wait();
  }
  if (watch_ != nullptr) watch_->Cancel(waiter);
  read.waited += deps_.clock->Now() - now;
  co_return absl::OkStatus();
}

// From when it was opened, a session's server has only gone forward.
bool Cluster::IsBackedByReading(const Lease& lease, const RouteRequest& request,
                                const RouteDecision& decision, FreshRead& read) const {
  if (!IsConditional(request) || decision.role != Role::kReplica) return true;
  if (read.asked[decision.endpoint] >= lease.opened_at()) return true;
  read.not_before = lease.opened_at();
  read.verify_until = deps_.clock->Now() + kVerifyWithin;
  return false;
}

void Cluster::Count(const FreshRead& read, FreshReadEnd end) {
  if (read.is_counted) fresh_reads_.Count(end);
}

void Cluster::CountServed(const RouteRequest& request, const RouteDecision& decision,
                          const FreshRead& read) {
  if (!IsConditional(request)) return;
  if (decision.role == Role::kPrimary) {
    fresh_reads_.Count(FreshReadEnd::kToPrimary);
  } else if (read.waited > absl::ZeroDuration()) {
    fresh_reads_.Count(FreshReadEnd::kMetAfterWait);
  } else {
    fresh_reads_.Count(FreshReadEnd::kMet);
  }
}

EndpointSight Cluster::SightOf(const State& state, size_t endpoint,
                               absl::Time now) const {
  const EndpointView& view = state.topology.endpoints[endpoint];
  std::optional<WalReading> reading = ReadingOf(view);
  if (!reading.has_value()) return {};
  EndpointSight sight;
  sight.lag = view.lag.time;
  if (view.role == Role::kReplica) {
    const auto latest = watch_ == nullptr ? std::nullopt : watch_->Latest(view.name);
    if (latest.has_value() && latest->asked_at > reading->asked_at) reading = latest;
    sight.staleness = StalenessOf(reading->position, state.topology, now);
  }
  sight.position = reading->position;
  sight.age = now - reading->asked_at;
  return sight;
}

void Cluster::WatchReplays() {
  if (watch_ == nullptr) return;
  const std::shared_ptr<const State> latest = state();
  std::vector<Endpoint> replicas;
  for (size_t i = 0; i < latest->members.size(); ++i) {
    const EndpointView& view = latest->topology.endpoints[i];
    if (view.role != Role::kReplica || !view.is_reachable) continue;
    replicas.push_back(latest->members[i].endpoint);
  }
  watch_->Follow(latest->version, std::move(replicas), latest->topology.lineage);
}

FreshReadCounts Cluster::fresh_reads() const {
  const auto count = [this](FreshReadEnd end) { return fresh_reads_.count(end); };
  FreshReadCounts counts;
  counts.met = count(FreshReadEnd::kMet);
  counts.met_after_wait = count(FreshReadEnd::kMetAfterWait);
  counts.to_primary = count(FreshReadEnd::kToPrimary);
  counts.unmet = count(FreshReadEnd::kUnmet);
  counts.tokens_refused = count(FreshReadEnd::kTokenRefused);
  if (watch_ != nullptr) {
    counts.waiting = watch_->waiting();
    counts.questions = watch_->questions();
  }
  return counts;
}

}  // namespace pgsluice
