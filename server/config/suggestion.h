// "Did you mean": the known name nearest to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

// Empty when nothing known is near.
std::string Nearest(std::string_view given, const std::vector<std::string>& known);

// ` (did you mean "max_size"?)`, or empty.
std::string DidYouMean(std::string_view given, const std::vector<std::string>& known);

}  // namespace pgsluice
