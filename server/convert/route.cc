#include "server/convert/route.h"

#include "absl/strings/str_format.h"

#include "server/convert/times.h"

namespace pgsluice {

void RouteToProto(std::string_view endpoint, Role role, std::string_view reason,
                  const EndpointSight& sight, v1::Route& route) {
  route.set_endpoint(endpoint.data(), endpoint.size());
  route.set_role(std::string(RoleName(role)));
  route.set_reason(reason.data(), reason.size());
  if (!sight.age.has_value()) return;
  const uint64_t lsn = sight.position.lsn;
  route.set_timeline(sight.position.timeline);
  route.set_lsn(absl::StrFormat("%X/%X", lsn >> 32, lsn & 0xffffffff));
  *route.mutable_seen_age() = ToProto(*sight.age);
  if (sight.lag.has_value()) *route.mutable_lag() = ToProto(*sight.lag);
  if (sight.staleness.has_value()) *route.mutable_staleness() = ToProto(*sight.staleness);
}

}  // namespace pgsluice
