// Classes of SQLSTATEs, as few as a label may have values. Rules file.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgsluice {

// Those that PostgreSQL documents; "none", of errors that are the gateway's own; and
// "other", of what functions raise with codes of their own.
inline constexpr size_t kSqlstateClasses = 46;
inline constexpr size_t kNoSqlstate = kSqlstateClasses - 2;
inline constexpr size_t kOtherSqlstate = kSqlstateClasses - 1;

// `sqlstate` empty: kNoSqlstate.
size_t SqlstateClassOf(std::string_view sqlstate);
// "23", "none", "other".
std::string_view SqlstateClassName(size_t index);

}  // namespace pgsluice
