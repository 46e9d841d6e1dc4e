// Cuts a call whose caller does not take a message in time. Confined to the call's
// shard.
#pragma once

#include "asio/steady_timer.hpp"

#include "pool/error.h"
#include "server/rpc.h"

namespace pgsluice {

// Lives as long as one write. The write then fails, and `stop` says why.
class StallGuard final {
 public:
  StallGuard(CallBase& call, absl::Duration timeout) : timer_(call.shard().loop()) {
    timer_.expires_after(absl::ToChronoNanoseconds(timeout));
    timer_.async_wait([self = call.shared_from_this()](const asio::error_code& error) {
      if (error) return;
      self->stop().Stop(StopReason::kStalled);
      // Nothing else ends a write that nobody takes.
      self->context().TryCancel();
    });
  }
  ~StallGuard() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

}  // namespace pgsluice
