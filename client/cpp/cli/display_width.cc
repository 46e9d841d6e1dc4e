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

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint next = Decode(text);
    if (next.bytes == 0) {
      ++width;
      text.remove_prefix(1);
      continue;
    }
    width += next.value >= 0x20 && next.value < 0x7F ? 1 : WidthOf(next.value);
    text.remove_prefix(next.bytes);
  }
  return width;
}

}  // namespace pgsluice::cli
