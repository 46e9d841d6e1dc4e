// docs/configuration.md, made from the descriptor of the configuration.
#pragma once

#include <string>

namespace pgsluice {

std::string ConfigReference();

}  // namespace pgsluice
