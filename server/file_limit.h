// How many files, and so connections, the process may have open.
#pragma once

#include <cstdint>

namespace pgsluice {

// Raises the process's own limit as far as the system lets it, and returns what it is
// now. 0: nobody knows.
uint64_t RaiseFileLimit();

}  // namespace pgsluice
