// How many terminal cells a UTF-8 text takes.
#pragma once

#include <string_view>

namespace pgsluice::cli {

// Wide (CJK, emoji) characters count two, combining ones none; bytes that are not
// UTF-8 one each.
int DisplayWidth(std::string_view text);

// The longest beginning of `text` that takes at most `width` cells.
std::string_view ClipToWidth(std::string_view text, int width);

}  // namespace pgsluice::cli
