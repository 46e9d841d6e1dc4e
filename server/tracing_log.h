// One line when spans cannot be sent, and one when they can again.
#pragma once

#include <string_view>

namespace pgsluice {

// `trouble`: empty when all is well again.
void LogTracingTrouble(std::string_view trouble);

}  // namespace pgsluice
