#include "server/explain_route_call.h"

#include "server/call_options.h"
#include "server/convert/role.h"
#include "server/convert/times.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

v1::EndpointVerdict VerdictToProto(const EndpointVerdict& verdict,
                                   const EndpointView& view, Role wanted,
                                   absl::Time now) {
  v1::EndpointVerdict proto;
  proto.set_endpoint(view.name);
  proto.set_role(ToProto(view.role));
  proto.set_eligible(verdict.rejection == Rejection::kNone);
  if (verdict.rejection != Rejection::kNone) {
    proto.set_rejection(std::string(RejectionName(verdict.rejection)));
    proto.set_why(ExplainRejection(verdict.rejection, view, wanted, now));
  }
  proto.set_in_flight(static_cast<uint32_t>(verdict.load.in_flight));
  if (view.round_trip > absl::ZeroDuration()) {
    *proto.mutable_round_trip() = ToProto(view.round_trip);
  }
  proto.set_weight(view.weight);
  proto.set_near(view.is_near);
  if (view.lag.time.has_value()) *proto.mutable_lag() = ToProto(*view.lag.time);
  if (view.lag.bytes.has_value()) proto.set_lag_bytes(*view.lag.bytes);
  return proto;
}

}  // namespace

v1::ExplainRouteResponse ToProto(const RouteExplanation& explanation,
                                 const RouteRequest& request, absl::Time now) {
  v1::ExplainRouteResponse response;
  const Topology& topology = explanation.topology;
  response.set_topology_generation(topology.generation);
  const absl::StatusOr<RouteDecision>& decision = explanation.decision;
  if (!decision.ok()) {
    response.set_problem(std::string(decision.status().message()));
  } else if (decision->awaits_primary) {
    response.set_waits(true);
    response.set_problem(WhyNoPrimary(topology));
  } else if (decision->awaits_replica) {
    response.set_waits(true);
    response.set_problem("no replica is fresh enough yet");
  } else {
    response.set_endpoint(topology.endpoints[decision->endpoint].name);
    response.set_reason(std::string(decision->reason));
  }
  for (size_t i = 0; i < explanation.endpoints.size(); ++i) {
    *response.add_endpoints() = VerdictToProto(
        explanation.endpoints[i], topology.endpoints[i], WantedRole(request), now);
  }
  return response;
}

asio::awaitable<void> ServeExplainRoute(std::shared_ptr<ExplainRouteCall> call,
                                        const CallEnvironment& environment) {
  v1::ExplainRouteResponse response;
  absl::StatusOr<CallOptions> options =
      CallOptionsFromProto(call->request.options(), environment.limits.result,
                           environment.limits.read_fallback);
  if (options.ok()) {
    options->route.login = environment.limits.login;
    response =
        ToProto(environment.cluster.Explain(options->route), options->route, absl::Now());
  }
  call->Ended();
  co_await call->Finish(response, ToCallStatus(*call, environment, options.status()));
}

}  // namespace pgsluice
