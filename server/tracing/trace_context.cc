#include "server/tracing/trace_context.h"

#include <algorithm>

namespace pgsluice {

namespace {

// 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
constexpr size_t kTraceIdAt = 3;
constexpr size_t kSpanIdAt = 36;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;
constexpr uint8_t kSampled = 1;

// -1 for what is no digit, capital letters included.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// False when there are not two digits for each byte.
template <size_t size>
bool ReadHex(std::string_view text, std::array<uint8_t, size>& bytes) {
  for (size_t i = 0; i < size; ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace

std::optional<TraceParent> ParseTraceParent(std::string_view text) {
  if (text.size() < kLength) return std::nullopt;
  std::array<uint8_t, 1> version = {};
  if (!ReadHex(text, version) || version[0] == 0xff) return std::nullopt;
  // A later version may say more, behind another dash.
  const bool is_long = text.size() > kLength;
  if (is_long && (version[0] == 0 || text[kLength] != '-')) return std::nullopt;
  if (text[kTraceIdAt - 1] != '-' || text[kSpanIdAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  TraceParent parent;
  std::array<uint8_t, 1> flags = {};
  if (!ReadHex(text.substr(kTraceIdAt), parent.trace_id.bytes) ||
      !ReadHex(text.substr(kSpanIdAt), parent.span_id.bytes) ||
      !ReadHex(text.substr(kFlagsAt), flags)) {
    return std::nullopt;
  }
  if (!parent.trace_id.is_valid() || !parent.span_id.is_valid()) return std::nullopt;
  parent.is_sampled = (flags[0] & kSampled) != 0;
  return parent;
}

bool IsTraceState(std::string_view text) {
  return text.size() <= kMaxTraceStateBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

}  // namespace pgsluice
