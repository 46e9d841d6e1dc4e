#include "client/cpp/cli/display_width.h"

#include <clocale>
#include <cstddef>
#include <cstdint>
#include <cwchar>

namespace pgsluice::cli {
namespace {

struct CodePoint {
  char32_t value;
  size_t bytes;  // 0: not UTF-8.
};

CodePoint Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  size_t length = first < 0x80                    ? 1
                  : first >= 0xC2 && first < 0xE0 ? 2
                  : first >= 0xE0 && first < 0xF0 ? 3
                  : first >= 0xF0 && first < 0xF5 ? 4
                                                  : 0;
  if (length == 0 || length > text.size()) return {0, 0};
  char32_t value = length == 1 ? first : first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 0};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return {value, length};
}

// The C library's tables follow Unicode; the caller's locale must not matter.
int WidthOf(char32_t code_point) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(code_point));
  uselocale(before);
  return width < 0 ? 0 : width;
}

// The first character: its bytes and its cells.
struct Character {
  size_t bytes;
  int width;
};

Character FirstOf(std::string_view text) {
  const CodePoint first = Decode(text);
  if (first.bytes == 0) return {1, 1};
  const bool is_ascii = first.value >= 0x20 && first.value < 0x7F;
  return {first.bytes, is_ascii ? 1 : WidthOf(first.value)};
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character first = FirstOf(text);
    width += first.width;
    text.remove_prefix(first.bytes);
  }
  return width;
}

std::string_view ClipToWidth(std::string_view text, int width) {
  size_t taken = 0;
  while (taken < text.size()) {
    const Character next = FirstOf(text.substr(taken));
    width -= next.width;
    if (width < 0) break;
    taken += next.bytes;
  }
  return text.substr(0, taken);
}

}  // namespace pgsluice::cli
