// A TCP port of 127.0.0.1 that nobody listens on, below the ephemeral range, so that
// no outgoing connection takes it while its server restarts.
#pragma once

namespace pgsluice::testing {

// 0 when none was found.
int PickFreePort();

}  // namespace pgsluice::testing
