// What a caller may call, as `callers[].methods` names it. Rules file.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pgsluice {

// Those of GatewayService, and reflection. grpc.health.v1 is for everybody.
enum class CallerMethod {
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
  kReflection,
};
inline constexpr size_t kCallerMethods = 11;

// "Query", "reflection": as in the setting.
std::string_view MethodName(CallerMethod method);

class MethodSet final {
 public:
  bool Contains(CallerMethod method) const {
    return methods_.test(static_cast<size_t>(method));
  }
  void Add(CallerMethod method) { methods_.set(static_cast<size_t>(method)); }
  void Add(const MethodSet& other) { methods_ |= other.methods_; }

  bool operator==(const MethodSet&) const = default;

 private:
  std::bitset<kCallerMethods> methods_;
};

// Names of methods and groups, by commas. The error says which name is unknown.
absl::StatusOr<MethodSet> ParseMethods(std::string_view text);

}  // namespace pgsluice
