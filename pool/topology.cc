#include "pool/topology.h"

#include <algorithm>

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// Takes over the answers, without roles.
void TakeProbes(const std::vector<std::optional<ProbeResult>>& latest,
                absl::Duration probe_timeout, absl::Time now, Topology& next) {
  for (size_t i = 0; i < next.endpoints.size(); ++i) {
    EndpointView& view = next.endpoints[i];
    view.problem.clear();
    view.is_reachable = false;
    if (!latest[i].has_value()) continue;
    view.last = latest[i];
    if (!latest[i]->ok) continue;
    view.last_ok = latest[i];
    view.is_reachable = now - latest[i]->at <= probe_timeout;
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

// The writable endpoint on the highest timeline, if it is the only one there.
std::optional<size_t> ChoosePrimary(const std::vector<size_t>& writable, Topology& next) {
  uint32_t highest = next.highest_timeline;
  for (size_t i : writable) {
    highest = std::max(highest, next.endpoints[i].last_ok->timeline);
  }
  std::optional<size_t> chosen;
  bool is_contested = false;
  for (size_t i : writable) {
    EndpointView& view = next.endpoints[i];
    if (view.last_ok->timeline < highest) {
      view.problem = StrCat("accepts writes on timeline ", view.last_ok->timeline,
                            ", but timeline ", highest, " exists");
    } else if (chosen.has_value()) {
      is_contested = true;
      next.primary_problem = StrCat("both ", next.endpoints[*chosen].name, " and ",
                                    view.name, " accept writes on timeline ", highest);
    } else {
      chosen = i;
    }
  }
  if (is_contested) return std::nullopt;
  if (chosen.has_value()) next.highest_timeline = highest;
  return chosen;
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

}  // namespace

bool SameRoles(const Topology& a, const Topology& b) {
  return a.primary == b.primary &&
         std::equal(a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(),
                    b.endpoints.end(),
                    [](const auto& x, const auto& y) { return x.role == y.role; });
}

Topology NextTopology(const Topology& previous,
                      const std::vector<std::optional<ProbeResult>>& latest,
                      absl::Duration probe_timeout, absl::Time now) {
  Topology next = previous;
  next.primary_problem.clear();
  TakeProbes(latest, probe_timeout, now, next);
  RefuseStrangers(next);

  const std::vector<size_t> writable = FindWritable(next);
  const std::optional<size_t> chosen = ChoosePrimary(writable, next);
  // Another one took the role, or several contend for it. A refused one is no reason.
  const bool is_superseded = chosen.has_value() || !next.primary_problem.empty();
  for (size_t i = 0; i < next.endpoints.size(); ++i) {
    EndpointView& view = next.endpoints[i];
    if (view.is_reachable && view.problem.empty()) {
      view.role = view.last_ok->in_recovery ? Role::kReplica : Role::kUnknown;
    } else if (view.is_reachable || (view.role == Role::kPrimary && is_superseded)) {
      view.role = Role::kUnknown;  // Refused, or replaced.
    }
    if (chosen == i) view.role = Role::kPrimary;
  }

  next.primary.reset();
  for (size_t i = 0; i < next.endpoints.size(); ++i) {
    if (next.endpoints[i].role == Role::kPrimary) next.primary = i;
  }
  if (!next.primary.has_value() && next.primary_problem.empty()) {
    next.primary_problem = "no endpoint accepts writes";
    for (const EndpointView& view : next.endpoints) {
      if (!view.problem.empty()) {
        next.primary_problem = StrCat(view.name, " ", view.problem);
      } else if (view.last.has_value() && !view.last->ok) {
        StrAppend(&next.primary_problem, "; ", view.name, ": ", view.last->error);
      }
    }
  }
  FollowWal(previous, next);
  if (!SameRoles(previous, next)) ++next.generation;
  return next;
}

}  // namespace pgsluice
