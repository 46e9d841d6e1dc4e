#include "server/topology_log.h"

#include "server/log.h"

namespace pgsluice {

namespace {

std::string_view WhyOf(const EndpointView& view) {
  if (!view.problem.empty()) return view.problem;
  if (view.last.has_value() && !view.last->ok) return view.last->error;
  return "";
}

}  // namespace

void LogTopologyChange(const Topology& before, const Topology& after) {
  for (size_t i = 0; i < after.endpoints.size(); ++i) {
    const EndpointView& was = before.endpoints[i];
    const EndpointView& is = after.endpoints[i];
    const bool is_first_failure =
        !was.last.has_value() && is.last.has_value() && !is.last->ok;
    if (was.role == is.role && was.is_reachable == is.is_reachable &&
        was.problem == is.problem && !is_first_failure) {
      continue;
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
  if (before.primary_problem != after.primary_problem && !after.primary_problem.empty() &&
      before.primary.has_value() && !after.primary.has_value()) {
    Log(LogLevel::kWarning, "no primary", {{"why", after.primary_problem}});
  }
}

}  // namespace pgsluice
