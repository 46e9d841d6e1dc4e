// Ends one statement of a transaction: when the call ends, or at the statement's own time
// limit, which leaves the call alive. Confined to the call's shard.
#pragma once

#include "absl/time/clock.h"

#include "pool/stop_signal.h"
#include "pool/timer.h"
#include "server/rpc.h"

namespace pgsluice {

class StatementStop final {
 public:
  // `timeout` zero: none.
  StatementStop(CallBase& call, absl::Duration timeout)
      : on_call_stop_(
            call.stop().Subscribe([this](StopReason reason) { signal_.Stop(reason); })),
        timer_(call.shard().loop()) {
    signal_.LimitTo(call.stop().deadline());
    if (timeout <= absl::ZeroDuration()) return;
    signal_.LimitTo(absl::Now() + timeout);
    timer_.Set(timeout, [this] { signal_.Stop(StopReason::kTimeout); });
  }

  StopSignal& signal() { return signal_; }

 private:
  StopSignal signal_;
  StopSignal::Subscription on_call_stop_;
  Timer timer_;
};

}  // namespace pgsluice
