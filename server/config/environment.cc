#include "server/config/environment.h"

#include <string_view>

namespace pgsluice {

Environment ReadEnvironment(char** envp) {
  Environment environment;
  for (char** entry = envp; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace pgsluice
