// What names a trace and a span, on every wire. Values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgsluice {

// All zero: none.
struct TraceId {
  std::array<uint8_t, 16> bytes = {};

  bool is_valid() const { return bytes != std::array<uint8_t, 16>(); }
  bool operator==(const TraceId&) const = default;
};

struct SpanId {
  std::array<uint8_t, 8> bytes = {};

  bool is_valid() const { return bytes != std::array<uint8_t, 8>(); }
  bool operator==(const SpanId&) const = default;
};

// Lower-case hexadecimal digits; empty for none.
std::string HexOf(const TraceId& id);
std::string HexOf(const SpanId& id);

}  // namespace pgsluice
