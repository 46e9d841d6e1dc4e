// How many terminal cells a UTF-8 text takes.
#pragma once

#include <string_view>

namespace pgsluice::cli {

// Wide (CJK, emoji) characters count two, combining ones none; bytes that are not
// UTF-8 one each.
int DisplayWidth(std::string_view text);

}  // namespace pgsluice::cli
