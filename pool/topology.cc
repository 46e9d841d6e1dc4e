#include "pool/topology.h"

#include <algorithm>

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// Of the newest round trip in the smoothed one.
constexpr double kNewShare = 0.2;

// Takes over the answers, without roles.
void TakeProbes(const std::vector<std::optional<ProbeResult>>& latest,
                absl::Duration probe_timeout, absl::Time now, Topology& next) {
  for (size_t i = 0; i < next.endpoints.size(); ++i) {
    EndpointView& view = next.endpoints[i];
    view.problem.clear();
    view.is_reachable = view.is_silent = false;
    if (!latest[i].has_value()) continue;
    const bool is_new = !view.last.has_value() || view.last->at != latest[i]->at;
    view.last = latest[i];
    const bool is_late = now - latest[i]->at > probe_timeout;
    if (!latest[i]->ok) {
      view.is_silent = is_late || latest[i]->latency >= probe_timeout;
      continue;
    }
    view.last_ok = latest[i];
    view.is_reachable = !is_late;
    view.is_silent = is_late;
    if (view.doubted_at.has_value() && latest[i]->begun > *view.doubted_at) {
      view.doubted_at.reset();
    }
    if (!is_new) continue;
    const absl::Duration trip = latest[i]->round_trip;
    const bool is_first = view.round_trip == absl::ZeroDuration();
    view.round_trip =
        is_first ? trip : view.round_trip + (trip - view.round_trip) * kNewShare;
  }
}

// One cluster only: the one seen first.
void RefuseStrangers(Topology& next) {
  for (EndpointView& view : next.endpoints) {
    if (!view.is_reachable) continue;
    const std::string& identifier = view.last_ok->system_identifier;
    if (next.system_identifier.empty()) next.system_identifier = identifier;
    if (identifier == next.system_identifier) continue;
    view.role = Role::kUnknown;
    view.problem = StrCat("belongs to another cluster (system identifier ", identifier,
                          ", not ", next.system_identifier, ")");
  }
}

// Reachable endpoints of our cluster that accept writes.
std::vector<size_t> FindWritable(const Topology& topology) {
  std::vector<size_t> writable;
  for (size_t i = 0; i < topology.endpoints.size(); ++i) {
    const EndpointView& view = topology.endpoints[i];
    if (view.is_reachable && view.problem.empty() && !view.last_ok->in_recovery) {
      writable.push_back(i);
    }
  }
  return writable;
}

// Whoever has a part of a later timeline knows that the primary of an earlier one is none
// any more. Remembered for good.
void LearnTimelines(const std::vector<size_t>& writable, Topology& next) {
  uint32_t& highest = next.highest_timeline;
  for (size_t i : writable) {
    highest = std::max(highest, next.endpoints[i].last_ok->timeline);
  }
  for (const EndpointView& view : next.endpoints) {
    if (!view.is_reachable || !view.problem.empty() || !view.last_ok->in_recovery)
      continue;
    highest = std::max(highest, view.last_ok->received_timeline.value_or(0));
  }
}

// Before the first primary all endpoints have their say: a stale one may answer first.
bool MayChooseFirst(const std::vector<std::optional<ProbeResult>>& latest,
                    absl::Duration probe_timeout, absl::Time now, Topology& next) {
  if (!next.first_look.has_value()) next.first_look = now;
  if (next.has_had_primary || now - *next.first_look >= probe_timeout) return true;
  for (size_t i = 0; i < latest.size(); ++i) {
    if (latest[i].has_value()) continue;
    next.primary_problem = StrCat(next.endpoints[i].name, " has not been probed yet");
    return false;
  }
  return true;
}

// The writable endpoint on the highest timeline, if it is the only one there.
std::optional<size_t> ChoosePrimary(const std::vector<size_t>& writable, Topology& next) {
  const uint32_t highest = next.highest_timeline;
  std::optional<size_t> chosen;
  for (size_t i : writable) {
    EndpointView& view = next.endpoints[i];
    if (view.last_ok->timeline < highest) {
      view.problem = StrCat("accepts writes on timeline ", view.last_ok->timeline,
                            ", but timeline ", highest, " exists");
    } else if (chosen.has_value()) {
      next.is_contested = true;
      next.primary_problem = StrCat("both ", next.endpoints[*chosen].name, " and ",
                                    view.name, " accept writes on timeline ", highest);
    } else {
      chosen = i;
    }
  }
  if (next.is_contested) return std::nullopt;
  return chosen;
}

// Last of the refusals: whom the login may use is no matter of who the primary is.
void RefusePrivilegedLogins(Topology& next) {
  for (EndpointView& view : next.endpoints) {
    if (!view.is_reachable || !view.problem.empty()) continue;
    view.problem = WhyRefused(view.last_ok->login);
  }
}

// What the primary's latest answer adds to what is known of the WAL.
void FollowWal(const Topology& previous, Topology& next) {
  if (!next.primary.has_value()) return;
  const EndpointView& view = next.endpoints[*next.primary];
  if (!view.is_reachable) return;
  const ProbeResult& now = *view.last_ok;
  const WalPosition position{now.timeline, now.lsn_value};
  const auto before =
      std::find_if(previous.endpoints.begin(), previous.endpoints.end(),
                   [&view](const EndpointView& one) { return one.name == view.name; });
  std::optional<WalPosition> before_promotion;
  if (before != previous.endpoints.end() && before->last_ok.has_value() &&
      before->last_ok->in_recovery) {
    before_promotion = {before->last_ok->timeline, before->last_ok->lsn_value};
  }
  next.lineage =
      NextLineage(previous.lineage, position, now.history.get(), before_promotion);
  next.marks = previous.marks.With({now.at - now.latency, position});
}

ReplayPoint ReplayPointOf(const ProbeResult& answer, uint32_t current) {
  ReplayPoint point{.lsn = answer.lsn_value, .age = answer.replay_age};
  // Without a word of the receiver the timeline is the one of the last restart point,
  // which may be minutes old: while it is connected, it follows.
  point.is_on_old_timeline = answer.received_timeline.has_value()
                                 ? *answer.received_timeline < current
                                 : !answer.is_receiving && answer.timeline < current;
  return point;
}

void MeasureLag(const LagBound& bound, absl::Time now, Topology& next) {
  if (next.primary.has_value() && next.endpoints[*next.primary].is_reachable) {
    const ProbeResult& answer = *next.endpoints[*next.primary].last_ok;
    next.written.Add(answer.timeline, answer.lsn_value, answer.begun);
  }
  for (EndpointView& view : next.endpoints) {
    if (view.role != Role::kReplica || !view.last_ok.has_value()) {
      view.lag = {};
      view.lag_gate = {};
      continue;
    }
    const ReplayPoint point = ReplayPointOf(*view.last_ok, next.written.timeline());
    view.lag = next.written.LagOf(point, now);
    const bool was_out = view.lag_gate.is_out;
    view.lag_gate = NextLagGate(view.lag_gate, view.lag, bound, now);
    if (view.lag_gate.is_out && !was_out) ++next.counters.lag_exits;
  }
}

void NameProblem(Topology& next) {
  next.primary_problem = "no endpoint accepts writes";
  for (const EndpointView& view : next.endpoints) {
    if (!view.problem.empty()) {
      next.primary_problem = StrCat(view.name, " ", view.problem);
    } else if (view.last.has_value() && !view.last->ok) {
      StrAppend(&next.primary_problem, "; ", view.name, ": ", view.last->error);
    }
  }
}

void CountChanges(const Topology& previous, absl::Time now, Topology& next) {
  TopologyCounters& counters = next.counters;
  if (next.primary.has_value()) {
    const std::string& name = next.endpoints[*next.primary].name;
    if (next.has_had_primary && next.last_primary != name) ++counters.failovers;
    next.last_primary = name;
    next.has_had_primary = true;
  }
  if (!SameRoles(previous, next)) {
    ++next.generation;
    ++counters.changes;
  }
  if (next.HasUsablePrimary()) {
    if (!next.outage_since.has_value()) return;
    counters.last_outage = now - *next.outage_since;
    counters.outage_total += counters.last_outage;
    next.outage_since.reset();
  } else if (next.has_had_primary && !next.outage_since.has_value()) {
    next.outage_since = now;
    ++counters.outages;
  }
}

}  // namespace

bool Topology::HasUsablePrimary() const {
  if (!primary.has_value()) return false;
  const EndpointView& view = endpoints[*primary];
  return view.is_reachable && !view.doubted_at.has_value();
}

bool SameRoles(const Topology& a, const Topology& b) {
  return a.primary == b.primary &&
         std::equal(a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(),
                    b.endpoints.end(),
                    [](const auto& x, const auto& y) { return x.role == y.role; });
}

bool SameReplicas(const Topology& a, const Topology& b) {
  const auto serves = [](const EndpointView& view) {
    return view.role == Role::kReplica && view.is_reachable && !view.lag_gate.is_out;
  };
  return std::equal(
      a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(), b.endpoints.end(),
      [&serves](const auto& x, const auto& y) { return serves(x) == serves(y); });
}

Topology NextTopology(const Topology& previous,
                      const std::vector<std::optional<ProbeResult>>& latest,
                      const TopologyOptions& options, absl::Time now) {
  Topology next = previous;
  next.primary_problem.clear();
  next.is_contested = false;
  TakeProbes(latest, options.probe_timeout, now, next);
  RefuseStrangers(next);

  const std::vector<size_t> writable = FindWritable(next);
  LearnTimelines(writable, next);
  std::optional<size_t> chosen;
  if (MayChooseFirst(latest, options.probe_timeout, now, next)) {
    chosen = ChoosePrimary(writable, next);
  }
  // Another one took the role, or several contend for it. A refused one is no reason.
  const bool is_superseded = chosen.has_value() || next.is_contested;
  if (options.privileged_login == PrivilegedLogin::kRefused) {
    RefusePrivilegedLogins(next);
  }
  for (size_t i = 0; i < next.endpoints.size(); ++i) {
    EndpointView& view = next.endpoints[i];
    if (view.is_reachable && view.problem.empty()) {
      view.role = view.last_ok->in_recovery ? Role::kReplica : Role::kUnknown;
    } else if (view.is_reachable || (view.role == Role::kPrimary && is_superseded)) {
      view.role = Role::kUnknown;  // Refused, or replaced.
    }
    // The chosen one may have been refused since, for its login.
    if (chosen == i && view.problem.empty()) view.role = Role::kPrimary;
  }

  next.primary.reset();
  for (size_t i = 0; i < next.endpoints.size(); ++i) {
    if (next.endpoints[i].role == Role::kPrimary) next.primary = i;
  }
  if (!next.primary.has_value() && next.primary_problem.empty()) NameProblem(next);
  MeasureLag(options.lag_bound, now, next);
  FollowWal(previous, next);
  CountChanges(previous, now, next);
  next.awaits_primary = next.outage_since.has_value() && !next.is_contested &&
                        now - *next.outage_since < options.patience;
  return next;
}

}  // namespace pgsluice
