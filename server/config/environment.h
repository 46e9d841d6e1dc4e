// The process environment, read once: no other file of the server reads it.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace pgsluice {

using Environment = std::map<std::string, std::string, std::less<>>;

// `envp` as main() gets it, ending with a null pointer.
Environment ReadEnvironment(char** envp);

}  // namespace pgsluice
