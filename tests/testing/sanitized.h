// Whether the programs under test are built with AddressSanitizer, whose own memory
// says nothing about theirs: bounds on memory hold without it.
#pragma once

namespace pgsluice::testing {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace pgsluice::testing
