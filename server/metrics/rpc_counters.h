// Calls by method and by how they ended: what go-grpc-prometheus counts, under its names.
// Written by one shard, read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

#include "server/metrics/shard_counter.h"

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

// gRPC's status codes are 0 to 16.
inline constexpr size_t kRpcCodes = 17;
// As go-grpc-prometheus writes it: "OK", "InvalidArgument", "Canceled".
std::string_view RpcCodeName(size_t code);

// Of one method.
class RpcCounters final {
 public:
  void OnStarted() { started.Add(); }
  void OnReceived() { received.Add(); }
  void OnSent() { sent.Add(); }
  // What is no code of gRPC's counts as UNKNOWN.
  void OnHandled(int code, absl::Duration took) {
    const auto index = static_cast<size_t>(code);
    handled[index < kRpcCodes ? index : 2].Add();
    time.Add(took);
  }

  ShardCounter started;
  std::array<ShardCounter, kRpcCodes> handled;
  ShardHistogram time;
  ShardCounter received;  // Messages.
  ShardCounter sent;
};

class RpcTable final {
 public:
  RpcCounters& of(RpcMethod method) { return methods_[static_cast<size_t>(method)]; }
  const RpcCounters& of(RpcMethod method) const {
    return methods_[static_cast<size_t>(method)];
  }

 private:
  std::array<RpcCounters, kRpcMethods> methods_;
};

}  // namespace pgsluice
