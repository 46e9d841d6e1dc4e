#include "pool/pg/canceler.h"

#include <algorithm>
#include <utility>

#include "asio/co_spawn.hpp"

namespace pgsluice {

namespace {

// Each costs PostgreSQL a process for a moment, and us a socket.
constexpr size_t kMaxAtATime = 16;
constexpr absl::Duration kLongest = absl::Seconds(2);

}  // namespace

Canceler::Canceler(asio::any_io_executor executor, absl::Duration budget)
    : executor_(std::move(executor)), budget_(std::min(budget, kLongest)) {}

void Canceler::Cancel(CancelRequest request) {
  queue_.push_back(
      {.request = std::move(request),
       .due = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(budget_)});
  StartNext();
}

void Canceler::StartNext() {
  while (running_ < kMaxAtATime && !queue_.empty()) {
    ++running_;
    auto queued = std::make_shared<Queued>(std::move(queue_.front()));
    queue_.pop_front();
    asio::co_spawn(executor_, Run(*queued),
                   [self = shared_from_this(), queued](const std::exception_ptr& failure,
                                                       CancelEnd end) {
                     --self->running_;
                     queued->request.done(failure ? CancelEnd::kUncertain : end);
                     self->StartNext();
                   });
  }
}

asio::awaitable<CancelEnd> Canceler::Run(const Queued& queued) {
  EventLoop& loop = EventLoop::Of(executor_);
  const auto left = queued.due - std::chrono::steady_clock::now();
  if (left <= left.zero() || !queued.request.is_wanted()) co_return CancelEnd::kNotSent;
  CancelConnection connection(loop, queued.request.target);
  Timer timer(loop);
  timer.Set(absl::FromChrono(left), [&connection] { connection.Interrupt(); });
  const CancelEnd end = co_await connection.Run(queued.request.is_wanted);
  timer.Cancel();
  co_return end;
}

}  // namespace pgsluice
