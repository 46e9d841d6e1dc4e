#include "server/topology_log.h"

#include "pool/outlier_detector.h"
#include "pool/router.h"
#include "server/log.h"

namespace pgsluice {

namespace {

std::string_view WhyOf(const EndpointView& view) {
  if (!view.problem.empty()) return view.problem;
  if (view.last.has_value() && !view.last->ok) return view.last->error;
  return "";
}

std::string Text(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(1)));
}

void LogRole(const EndpointView& was, const EndpointView& is, const Topology& after) {
  const bool is_first_failure =
      !was.last.has_value() && is.last.has_value() && !is.last->ok;
  if (was.role == is.role && was.is_reachable == is.is_reachable &&
      was.problem == is.problem && !is_first_failure) {
    return;
  }
  const bool is_good = is.is_reachable && is.problem.empty();
  Log(is_good ? LogLevel::kInfo : LogLevel::kWarning,
      is.is_reachable ? "endpoint answers" : "endpoint does not answer",
      {{"endpoint", is.name},
       {"role", RoleName(is.role)},
       {"role_before", RoleName(was.role)},
       {"generation", after.generation},
       {"why", WhyOf(is)}});
}

void LogLag(const EndpointView& was, const EndpointView& is, absl::Time now) {
  if (is.role != Role::kReplica || was.lag_gate.is_out == is.lag_gate.is_out) return;
  if (is.lag_gate.is_out) {
    Log(LogLevel::kWarning, "replica lags: no reads",
        {{"endpoint", is.name},
         {"lag", Text(is.lag.time.value_or(absl::ZeroDuration()))},
         {"lag_bytes", is.lag.bytes.value_or(0)}});
  } else {
    Log(LogLevel::kInfo, "replica has caught up",
        {{"endpoint", is.name}, {"after", Text(now - was.lag_gate.since)}});
  }
}

void LogEjection(const EndpointView& was, const EndpointView& is, absl::Time now) {
  if (was.ejection.has_value() == is.ejection.has_value()) return;
  if (is.ejection.has_value()) {
    Log(LogLevel::kWarning, "replica ejected",
        {{"endpoint", is.name},
         {"why", TroubleName(is.ejection->why)},
         {"at_least", Text(is.ejection->until - is.ejection->since)}});
  } else {
    Log(LogLevel::kInfo, "replica is back",
        {{"endpoint", is.name},
         {"why", TroubleName(was.ejection->why)},
         {"after", Text(now - was.ejection->since)}});
  }
}

// One line when the primary is lost, one when there is one again.
void LogPrimary(const Topology& before, const Topology& after) {
  if (!before.outage_since.has_value() && after.outage_since.has_value()) {
    Log(LogLevel::kWarning, "no primary",
        {{"primary_before", after.last_primary}, {"why", WhyNoPrimary(after)}});
    return;
  }
  if (before.is_contested != after.is_contested && after.is_contested) {
    Log(LogLevel::kWarning, "no primary",
        {{"primary_before", after.last_primary}, {"why", after.primary_problem}});
    return;
  }
  const bool is_back = before.outage_since.has_value() && !after.outage_since.has_value();
  const bool is_other = before.last_primary != after.last_primary;
  if (!after.HasUsablePrimary() || (!is_back && !is_other)) return;
  Log(LogLevel::kInfo, "primary",
      {{"endpoint", after.last_primary},
       {"primary_before", before.last_primary},
       {"timeline", uint64_t{after.endpoints[*after.primary].last_ok->timeline}},
       {"generation", after.generation},
       {"without_primary",
        Text(is_back ? after.counters.last_outage : absl::ZeroDuration())}});
}

}  // namespace

void LogTopologyChange(const Topology& before, const Topology& after, absl::Time now) {
  for (size_t i = 0; i < after.endpoints.size(); ++i) {
    const EndpointView& was = before.endpoints[i];
    const EndpointView& is = after.endpoints[i];
    LogRole(was, is, after);
    LogLag(was, is, now);
    LogEjection(was, is, now);
  }
  LogPrimary(before, after);
}

}  // namespace pgsluice
