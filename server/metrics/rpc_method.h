// The methods that are served, and their names. Rules file.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgsluice {

enum class RpcMethod {
  kQuery,
  kStreamQuery,
  kBatch,
  kTransaction,
  kResolveTransaction,
  kHealth,
  kPoolStats,
  kWatchPoolStats,
  kTopStatements,
  kExplainRoute,
  kReload,
  kPause,
  kResume,
  kReconnect,
  kHealthCheck,  // Of grpc.health.v1, on either port; so is Watch.
  kHealthWatch,
  kReflection,
  kOldReflection,
  kOther,  // Nobody serves it: one for all, since its name is the caller's choice.
  kCount,
};
inline constexpr size_t kRpcMethods = static_cast<size_t>(RpcMethod::kCount);

struct RpcMethodName {
  std::string_view type;  // unary, server_stream, bidi_stream
  std::string_view service;
  std::string_view method;
};
RpcMethodName NameOf(RpcMethod method);

}  // namespace pgsluice
