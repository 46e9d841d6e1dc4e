// Cuts a call whose caller does not take a message in time. Confined to the call's
// shard.
#pragma once

#include "pool/error.h"
#include "pool/timer.h"
#include "server/rpc.h"

namespace pgsluice {

// Lives as long as one write. The write then fails, and `stop` says why.
class StallGuard final {
 public:
  StallGuard(CallBase& call, absl::Duration timeout) : timer_(call.shard().loop()) {
    timer_.Set(timeout, [&call] {
      call.stop().Stop(StopReason::kStalled);
      // Nothing else ends a write that nobody takes.
      call.context().TryCancel();
    });
  }

 private:
  Timer timer_;
};

}  // namespace pgsluice
