// Why a connection that is served is cut.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgsluice {

enum class CutReason {
  kMemory,               // See MemoryGuard.
  kAbandonedCalls,       // See WasteMeter.
  kBytesWithoutMessage,  // See WasteMeter.
};
inline constexpr size_t kCutReasons = 3;

// "max_process_bytes": the setting behind it, in metrics and logs.
constexpr std::string_view CutReasonName(CutReason reason) {
  switch (reason) {
    case CutReason::kMemory: return "max_process_bytes";
    case CutReason::kAbandonedCalls: return "max_abandoned_call_rate";
    case CutReason::kBytesWithoutMessage: return "max_bytes_without_message";
  }
  return "max_process_bytes";
}

}  // namespace pgsluice
