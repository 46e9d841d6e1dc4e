// What a caller may call, as `callers[].methods` names it. Rules file.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "server/metrics/rpc_method.h"

namespace pgsluice {

// "Query", "reflection": as in the setting. Of the methods of GatewayService, and of
// reflection, which is one whatever its version; grpc.health.v1 is for everybody.
std::string_view MethodName(RpcMethod method);

class MethodSet final {
 public:
  bool Contains(RpcMethod method) const {
    return methods_.test(static_cast<size_t>(method));
  }
  void Add(RpcMethod method) { methods_.set(static_cast<size_t>(method)); }
  void Add(const MethodSet& other) { methods_ |= other.methods_; }

  bool operator==(const MethodSet&) const = default;

 private:
  std::bitset<kRpcMethods> methods_;
};

// Names of methods and groups, by commas. The error says which name is unknown.
absl::StatusOr<MethodSet> ParseMethods(std::string_view text);

}  // namespace pgsluice
