// Tells the parts of one call that it must end, and why. Confined to the call's shard.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace pgsluice {

enum class StopReason {
  kNone,       // Not stopped.
  kCancelled,  // The caller cancelled or went away.
  kDeadline,   // The call's deadline passed.
  kTimeout,    // The statement's own time limit passed.
  kStalled,    // The caller does not read its stream.
  kDraining,   // The server is shutting down.
};

std::string_view StopReasonName(StopReason reason);

class StopSignal final {
 public:
  // Ends a subscription when destroyed.
  class Subscription final {
   public:
    Subscription(StopSignal& signal, uint64_t id) : signal_(signal), id_(id) {}
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription() { signal_.Unsubscribe(id_); }

   private:
    StopSignal& signal_;
    uint64_t id_;
  };

  StopSignal() = default;
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // The first reason wins; later calls do nothing.
  void Stop(StopReason reason);
  StopReason reason() const { return reason_; }
  bool is_stopped() const { return reason_ != StopReason::kNone; }

  // When it will be told at the latest; whoever says so, sees to it.
  void LimitTo(absl::Time deadline) { deadline_ = std::min(deadline_, deadline); }
  absl::Time deadline() const { return deadline_; }

  // Calls `on_stop` once, at once if already stopped.
  [[nodiscard]] Subscription Subscribe(std::function<void(StopReason)> on_stop);

 private:
  void Unsubscribe(uint64_t id);

  StopReason reason_ = StopReason::kNone;
  absl::Time deadline_ = absl::InfiniteFuture();
  uint64_t next_id_ = 1;
  std::vector<std::pair<uint64_t, std::function<void(StopReason)>>> subscribers_;
};

}  // namespace pgsluice
