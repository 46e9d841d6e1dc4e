// How many documents a YAML text holds.
#pragma once

#include <string>

#include "yaml-cpp/yaml.h"

namespace pgsluice {

// Where the second one begins; a null mark when there is none. Throws YAML::Exception.
// Not YAML::LoadAll, which makes documents without end of a text that begins with a
// comma.
YAML::Mark SecondDocument(const std::string& text);

}  // namespace pgsluice
