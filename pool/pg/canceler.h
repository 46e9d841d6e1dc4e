// Sends the cancel requests of one endpoint's sessions without blocking: so many at a
// time, each for so long. Confined to its shard.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"

#include "pool/event_loop.h"
#include "pool/pg/cancel_connection.h"

namespace pgsluice {

struct CancelRequest {
  std::shared_ptr<const CancelTarget> target;  // Shared with its session.
  // Whether the statement still runs; asked at the last moment.
  std::function<bool()> is_wanted;
  // Called once, later, on the canceler's shard.
  std::function<void(CancelEnd)> done;
};

// Shared by its connector, its sessions, and what is under way.
class Canceler final : public std::enable_shared_from_this<Canceler> {
 public:
  // No request takes longer than `budget`, nor than two seconds.
  Canceler(asio::any_io_executor executor, absl::Duration budget);
  Canceler(const Canceler&) = delete;
  Canceler& operator=(const Canceler&) = delete;

  void Cancel(CancelRequest request);
  // Requests that wait for their turn, or are under way.
  size_t pending() const { return queue_.size() + running_; }

 private:
  struct Queued {
    CancelRequest request;
    EventLoop::TimePoint due;
  };

  void StartNext();
  asio::awaitable<CancelEnd> Run(const Queued& queued);

  const asio::any_io_executor executor_;
  const absl::Duration budget_;
  // All wait equally long, so that the first to come is the first to be due; and when it
  // is due, those before it have ended: the queue needs no timer.
  std::deque<Queued> queue_;
  size_t running_ = 0;
};

}  // namespace pgsluice
