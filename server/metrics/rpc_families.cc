// Calls, under the names of go-grpc-prometheus: dashboards and alerts made for those
// work.
#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

void AddRpcFamilies(const GatewaySnapshot& snapshot, Families& families) {
  const std::vector<std::string> method = {"grpc_type", "grpc_service", "grpc_method"};
  std::vector<std::string> method_and_code = method;
  method_and_code.push_back("grpc_code");
  Family started{.type = FamilyType::kCounter,
                 .name = "grpc_server_started_total",
                 .labels = method,
                 .help = "Calls begun"};
  Family handled{.type = FamilyType::kCounter,
                 .name = "grpc_server_handled_total",
                 .labels = method_and_code,
                 .help = "Calls that have ended, by gRPC's status"};
  Family time{.type = FamilyType::kHistogram,
              .name = "grpc_server_handling_seconds",
              .labels = method,
              .help = "How long calls took, until their status was sent"};
  Family received{.type = FamilyType::kCounter,
                  .name = "grpc_server_msg_received_total",
                  .labels = method,
                  .help = "Messages that callers have sent"};
  Family sent{.type = FamilyType::kCounter,
              .name = "grpc_server_msg_sent_total",
              .labels = method,
              .help = "Messages sent to callers"};
  for (size_t i = 0; i < kRpcMethods; ++i) {
    const RpcMethodName name = NameOf(static_cast<RpcMethod>(i));
    const RpcTotals& totals = snapshot.shards.rpcs[i];
    started.Add({name.type, name.service, name.method}, totals.started);
    for (size_t code = 0; code < kRpcCodes; ++code) {
      handled.Add({name.type, name.service, name.method, RpcCodeName(code)},
                  totals.handled[code]);
    }
    time.Add({name.type, name.service, name.method}, totals.time);
    received.Add({name.type, name.service, name.method}, totals.received);
    sent.Add({name.type, name.service, name.method}, totals.sent);
  }
  for (Family* family : {&started, &handled, &time, &received, &sent}) {
    families.push_back(std::move(*family));
  }
}

}  // namespace pgsluice
