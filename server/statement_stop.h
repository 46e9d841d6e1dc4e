// Ends one statement of a transaction: when the call ends, or at the statement's own time
// limit, which leaves the call alive. Confined to the call's shard.
#pragma once

#include "asio/steady_timer.hpp"

#include "pool/stop_signal.h"
#include "server/rpc.h"

namespace pgsluice {

class StatementStop final {
 public:
  // `timeout` zero: none.
  StatementStop(CallBase& call, absl::Duration timeout)
      : signal_(std::make_shared<StopSignal>()),
        on_call_stop_(
            call.stop().Subscribe([this](StopReason reason) { signal_->Stop(reason); })),
        timer_(call.shard().loop()) {
    if (timeout <= absl::ZeroDuration()) return;
    timer_.expires_after(absl::ToChronoNanoseconds(timeout));
    timer_.async_wait([signal = signal_](const asio::error_code& error) {
      if (!error) signal->Stop(StopReason::kTimeout);
    });
  }

  StopSignal& signal() { return *signal_; }

 private:
  std::shared_ptr<StopSignal> signal_;  // Shared with a timer that is just expiring.
  StopSignal::Subscription on_call_stop_;
  asio::steady_timer timer_;
};

}  // namespace pgsluice
