#include "server/watch_pool_stats_call.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "asio/post.hpp"

#include "pool/error.h"
#include "server/convert/memory_to_proto.h"
#include "server/monitoring_calls.h"
#include "server/stall_guard.h"
#include "server/statement_run.h"
#include "server/waker.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kDefaultInterval = absl::Seconds(1);
constexpr absl::Duration kShortestInterval = absl::Milliseconds(100);

absl::StatusOr<absl::Duration> IntervalOf(const v1::WatchPoolStatsRequest& request) {
  if (!request.has_interval()) return kDefaultInterval;
  const absl::Duration interval = absl::Seconds(request.interval().seconds()) +
                                  absl::Nanoseconds(request.interval().nanos());
  if (interval < kShortestInterval) {
    return InvalidRequest("interval", "must be at least 100 ms");
  }
  return interval;
}

// What is to be sent, and when, without the sending.
class Messages final {
 public:
  Messages(const v1::WatchPoolStatsRequest& request, absl::Duration interval,
           const CallEnvironment& environment, const PoolMonitor& monitor)
      : history_(request.history()),
        interval_(interval),
        environment_(environment),
        monitor_(monitor),
        told_(monitor.last_sequence()) {}

  // The message that is due now; absent when none is.
  std::optional<v1::WatchPoolStatsResponse> Due(absl::Time now) {
    std::vector<AlertTransition> transitions = monitor_.TransitionsAfter(told_);
    if (transitions.empty() && now < next_) return std::nullopt;
    v1::WatchPoolStatsResponse message;
    message.set_reason(is_first_              ? v1::WATCH_REASON_START
                       : !transitions.empty() ? v1::WATCH_REASON_ALERT
                                              : v1::WATCH_REASON_INTERVAL);
    for (const AlertTransition& transition : transitions) {
      told_ = transition.sequence;
      if (!is_first_) *message.add_transitions() = ToProto(transition);
    }
    *message.mutable_stats() = GatherPoolStats(environment_, monitor_, history_);
    // An alert does not move the beat; a slow reader does.
    if (now >= next_) next_ = std::max(next_ + interval_, now + interval_ / 2);
    is_first_ = false;
    return message;
  }
  absl::Time next() const { return next_; }

 private:
  const size_t history_;
  const absl::Duration interval_;
  const CallEnvironment& environment_;
  const PoolMonitor& monitor_;
  uint64_t told_;  // Sequence of the last transition sent.
  bool is_first_ = true;
  absl::Time next_ = absl::Now();
};

asio::awaitable<absl::Status> Watch(WatchPoolStatsCall& call,
                                    const CallEnvironment& environment,
                                    PoolMonitor& monitor) {
  absl::StatusOr<absl::Duration> interval = IntervalOf(call.request);
  if (!interval.ok()) co_return interval.status();
  const absl::StatusOr<Admission::Ticket> ticket =
      environment.admission.Admit(Admission::Kind::kStatement);
  if (!ticket.ok()) co_return ticket.status();
  auto waker = std::make_shared<Waker>(call.shard().loop());
  const auto listener =
      monitor.listeners().Add([waker, executor = call.shard().executor()] {
        asio::post(executor, [waker] { waker->Wake(); });
      });
  call.on_drain = [&call](absl::Duration) { call.stop().Stop(StopReason::kDraining); };
  {
    auto on_stop = call.stop().Subscribe([waker](StopReason) { waker->Wake(); });
    Messages messages(call.request, *interval, environment, monitor);
    while (!call.stop().is_stopped()) {
      const std::optional<v1::WatchPoolStatsResponse> message = messages.Due(absl::Now());
      if (message.has_value()) {
        StallGuard guard(call, environment.limits.stream_stall_timeout);
        const bool is_taken = co_await call.Write(*message);
        if (!is_taken) break;
        continue;
      }
      co_await waker->Wait(messages.next() - absl::Now());
    }
  }
  monitor.listeners().Remove(listener);
  call.on_drain = nullptr;
  // Nobody is there to hear of anything else.
  co_return Draining();
}

}  // namespace

asio::awaitable<void> ServeWatchPoolStats(std::shared_ptr<WatchPoolStatsCall> call,
                                          const CallEnvironment& environment,
                                          PoolMonitor& monitor) {
  const absl::Status status = co_await Watch(*call, environment, monitor);
  call->Ended();
  co_await call->Finish(ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
