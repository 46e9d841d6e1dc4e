#include "server/tracing/trace_ids.h"

namespace pgsluice {

namespace {

template <class Id>
std::string Hex(const Id& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (!id.is_valid()) return "";
  std::string text;
  text.reserve(2 * id.bytes.size());
  for (const uint8_t byte : id.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace

std::string HexOf(const TraceId& id) { return Hex(id); }
std::string HexOf(const SpanId& id) { return Hex(id); }

}  // namespace pgsluice
