// The names that may stand before an opening parenthesis without any risk for the state
// of a session. Rules file.
#pragma once

#include <span>
#include <string_view>

namespace pgsluice {

// A built-in function that leaves nothing behind on its session, whatever its arguments.
// Not complete: one that is missing costs a reset. `name` is in lower case.
bool IsHarmlessFunction(std::string_view name);
// A keyword, or a function that the grammar itself knows.
bool IsWordBeforeParenthesis(std::string_view name);

// All of the former, for tests against a server.
std::span<const std::string_view> HarmlessFunctions();

}  // namespace pgsluice
