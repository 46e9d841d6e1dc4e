// Cuts a script into statements at the semicolons that end them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::cli {

// Knows quotes ('', "", E'', $tag$) and comments (-- and nested /* */), but not BEGIN
// ATOMIC ... END: give such a statement alone, with -c.
// Statements come trimmed, without semicolon; empty ones are dropped.
std::vector<std::string> SplitStatements(std::string_view script);

}  // namespace pgsluice::cli
