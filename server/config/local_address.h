// Whether an address to listen on can be reached from this machine alone. Rules file.
#pragma once

#include <string_view>

namespace pgsluice {

// "127.0.0.1:7432", "localhost:7432", "[::1]:7432" and Unix sockets can.
bool IsLocalAddress(std::string_view address);

}  // namespace pgsluice
