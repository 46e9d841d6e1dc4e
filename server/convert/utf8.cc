#include "server/convert/utf8.h"

#include <cstdint>
#include <cstring>

namespace pgsluice {
namespace {

constexpr std::string_view kCutMark = "...";

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Length of the valid character at the start of `text`, which is not empty; 0 if there is
// none. Table 3-7 of the Unicode standard.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;

  const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  switch (first) {
    case 0xE0: low = 0xA0; break;   // Overlong.
    case 0xED: high = 0x9F; break;  // Surrogates.
    case 0xF0: low = 0x90; break;   // Overlong.
    case 0xF4: high = 0x8F; break;  // Above U+10FFFF.
    default: break;
  }
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!IsContinuation(byte(i))) return 0;
  }
  return length;
}

// Number of bytes at the start that are ASCII, eight at a time: most text is nothing
// else.
size_t AsciiPrefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t at = 0;
  while (at + sizeof(uint64_t) <= text.size()) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & kHighBits) != 0) break;
    at += sizeof(word);
  }
  return at;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  text.remove_prefix(AsciiPrefix(text));
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ToValidUtf8(std::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    out += length == 0 ? std::string_view("?") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string CutUtf8(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return ToValidUtf8(text);
  // Looks no further than it keeps. A character this cuts in two is under the mark.
  std::string out = ToValidUtf8(text.substr(0, max_bytes));
  size_t end = max_bytes > kCutMark.size() ? max_bytes - kCutMark.size() : 0;
  while (end > 0 && end < out.size() &&
         IsContinuation(static_cast<unsigned char>(out[end]))) {
    --end;
  }
  out.resize(end);
  out += kCutMark;
  return out;
}

}  // namespace pgsluice
