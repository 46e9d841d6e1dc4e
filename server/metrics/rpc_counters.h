// Calls by method and by how they ended: what go-grpc-prometheus counts, under its names.
// Written by one shard, read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

#include "server/metrics/rpc_method.h"
#include "server/metrics/shard_counter.h"

namespace pgsluice {

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
