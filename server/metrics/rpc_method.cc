#include "server/metrics/rpc_method.h"

namespace pgsluice {

namespace {

constexpr std::string_view kUnary = "unary";
constexpr std::string_view kServerStream = "server_stream";
constexpr std::string_view kBidiStream = "bidi_stream";

constexpr std::string_view kGateway = "pgsluice.v1.GatewayService";
constexpr std::string_view kAdmin = "pgsluice.v1.AdminService";
constexpr std::string_view kHealthService = "grpc.health.v1.Health";

}  // namespace

RpcMethodName NameOf(RpcMethod method) {
  switch (method) {
    case RpcMethod::kQuery: return {kUnary, kGateway, "Query"};
    case RpcMethod::kStreamQuery: return {kServerStream, kGateway, "StreamQuery"};
    case RpcMethod::kBatch: return {kUnary, kGateway, "Batch"};
    case RpcMethod::kTransaction: return {kBidiStream, kGateway, "Transaction"};
    case RpcMethod::kResolveTransaction: return {kUnary, kGateway, "ResolveTransaction"};
    case RpcMethod::kHealth: return {kUnary, kGateway, "Health"};
    case RpcMethod::kPoolStats: return {kUnary, kGateway, "PoolStats"};
    case RpcMethod::kWatchPoolStats: return {kServerStream, kGateway, "WatchPoolStats"};
    case RpcMethod::kTopStatements: return {kUnary, kGateway, "TopStatements"};
    case RpcMethod::kExplainRoute: return {kUnary, kGateway, "ExplainRoute"};
    case RpcMethod::kReload: return {kUnary, kAdmin, "Reload"};
    case RpcMethod::kPause: return {kUnary, kAdmin, "Pause"};
    case RpcMethod::kResume: return {kUnary, kAdmin, "Resume"};
    case RpcMethod::kReconnect: return {kUnary, kAdmin, "Reconnect"};
    case RpcMethod::kHealthCheck: return {kUnary, kHealthService, "Check"};
    case RpcMethod::kHealthWatch: return {kServerStream, kHealthService, "Watch"};
    case RpcMethod::kReflection:
      return {kBidiStream, "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"};
    case RpcMethod::kOldReflection:
      return {kBidiStream, "grpc.reflection.v1alpha.ServerReflection",
              "ServerReflectionInfo"};
    case RpcMethod::kOther:
    case RpcMethod::kCount: break;
  }
  // Of whatever type it would be: gRPC's most general one.
  return {kBidiStream, "other", "other"};
}

}  // namespace pgsluice
