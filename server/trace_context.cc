#include "server/trace_context.h"

namespace pgsluice {

namespace {

// 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
constexpr size_t kTraceIdAt = 3;
constexpr size_t kTraceIdLength = 32;
constexpr size_t kParentIdAt = 36;
constexpr size_t kParentIdLength = 16;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string_view TraceIdOf(std::string_view traceparent) {
  if (traceparent.size() < kLength) return {};
  const std::string_view version = traceparent.substr(0, 2);
  // A later version may say more, behind another dash.
  const bool is_long = traceparent.size() > kLength;
  if (is_long && (version == "00" || traceparent[kLength] != '-')) return {};
  if (!IsHex(version) || version == "ff") return {};
  if (traceparent[kTraceIdAt - 1] != '-' || traceparent[kParentIdAt - 1] != '-' ||
      traceparent[kFlagsAt - 1] != '-') {
    return {};
  }
  const std::string_view trace_id = traceparent.substr(kTraceIdAt, kTraceIdLength);
  const std::string_view parent_id = traceparent.substr(kParentIdAt, kParentIdLength);
  if (!IsHex(trace_id) || IsZero(trace_id)) return {};
  if (!IsHex(parent_id) || IsZero(parent_id)) return {};
  return IsHex(traceparent.substr(kFlagsAt, 2)) ? trace_id : std::string_view();
}

}  // namespace pgsluice
