// Statements by pool, kind and end. Written by one shard, read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "server/metrics/rpc_counters.h"
#include "server/metrics/shard_counter.h"
#include "server/metrics/sqlstate_class.h"

namespace pgsluice {

// Of statements, by their first word.
enum class Operation {
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kWith,
  kCall,
  kOther,
  kCount,
};
inline constexpr size_t kOperations = static_cast<size_t>(Operation::kCount);
// "select", "other".
std::string_view OperationName(Operation operation);
// Looks past white space, comments and opening parentheses in front, for a few hundred
// characters at the most.
Operation OperationOf(std::string_view sql);

// Of pools: a statement that had a session had one of these.
inline constexpr std::array kPoolRoles = {Role::kPrimary, Role::kReplica};
inline size_t PoolIndexOf(Role role) { return role == Role::kReplica ? 1 : 0; }

// One statement that has ended, and had a session.
struct StatementEnd {
  Role role = Role::kUnknown;
  std::string_view sql;
  absl::Duration execute;  // In PostgreSQL, and on the way there and back.
  uint64_t rows = 0;       // Returned.
  uint64_t bytes = 0;      // Of these rows, as RowEncoder::RowBytes counts.
  const absl::Status& status;
};

class StatementCounters final {
 public:
  void Count(const StatementEnd& end);

  struct PerPool {
    struct Times {
      ShardHistogram ok;
      ShardHistogram failed;
    };
    std::array<Times, kOperations> times;
    // By class and gRPC's code.
    std::array<std::array<ShardCounter, kRpcCodes>, kSqlstateClasses> errors;
    ShardCounter rows;
    ShardCounter bytes;
  };
  const PerPool& of(Role role) const { return pools_[PoolIndexOf(role)]; }

 private:
  std::array<PerPool, kPoolRoles.size()> pools_;
};

}  // namespace pgsluice
