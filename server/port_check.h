// Says why an address cannot be listened on; gRPC would not.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace pgsluice {

// `address` is "host:port"; empty and port 0 are fine.
absl::Status CheckPortIsFree(const std::string& address);

}  // namespace pgsluice
