// A small file as a whole: the configuration, or a secret.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace pgsluice {

// At most 1 MiB. The error says why ("cannot be read: Permission denied"), not which.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// The same without the line ends at its end; a file with nothing else is an
// error.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace pgsluice
