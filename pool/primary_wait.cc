#include "pool/primary_wait.h"

#include "asio/this_coro.hpp"

#include "pool/error.h"
#include "pool/timer.h"

namespace pgsluice {

void PrimaryWait::Turn::End() {
  const std::shared_ptr<PrimaryWait> wait = std::exchange(wait_, nullptr);
  if (wait != nullptr) wait->OnTurnEnded();
}

uint64_t PrimaryWait::epoch() const {
  absl::MutexLock lock(&mutex_);
  return epoch_;
}

asio::awaitable<absl::Status> PrimaryWait::Wait(BufferedFor wanted, uint64_t epoch,
                                                absl::Time deadline, StopSignal& stop,
                                                Turn& turn) {
  turn.End();
  auto resume = std::make_shared<Resume>();
  WaiterId id = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (epoch != epoch_) co_return absl::OkStatus();
    const std::optional<WaiterId> pushed = buffer_.Push(wanted, deadline);
    if (!pushed.has_value()) co_return absl::ResourceExhaustedError("");
    id = *pushed;
    waiting_.emplace(id, resume);
  }
  auto subscription = stop.Subscribe(
      [this, id](StopReason reason) { End(id, StoppedBeforeStart(reason)); });
  Timer timer(co_await asio::this_coro::executor);
  timer.Set(deadline - clock_->Now(), [this] { Expire(); });
  const Released released = co_await resume->Wait();
  timer.Cancel();
  if (released.has_turn) turn.wait_ = shared_from_this();
  co_return released.status;
}

void PrimaryWait::TakeLocked(const std::vector<WaiterId>& ids, const Released& released,
                             Ended& ended) {
  for (const WaiterId id : ids) {
    auto node = waiting_.extract(id);
    if (!node.empty()) ended.emplace_back(std::move(node.mapped()), released);
  }
}

void PrimaryWait::Tell(Ended ended) {
  for (auto& [resume, released] : ended) resume->Set(std::move(released));
}

void PrimaryWait::End(WaiterId id, const absl::Status& status) {
  Ended ended;
  {
    absl::MutexLock lock(&mutex_);
    if (!buffer_.Remove(id)) return;
    TakeLocked({id}, {.status = status}, ended);
  }
  Tell(std::move(ended));
}

void PrimaryWait::OnTurnEnded() {
  Ended ended;
  {
    absl::MutexLock lock(&mutex_);
    buffer_.OnDone();
    TakeLocked(buffer_.Release(concurrency_), {.status = {}, .has_turn = true}, ended);
  }
  Tell(std::move(ended));
}

void PrimaryWait::Open(size_t concurrency) {
  Ended ended;
  {
    absl::MutexLock lock(&mutex_);
    if (concurrency_ == 0) ++epoch_;
    concurrency_ = concurrency;
    TakeLocked(buffer_.Release(concurrency_), {.status = {}, .has_turn = true}, ended);
  }
  Tell(std::move(ended));
}

void PrimaryWait::Close() {
  absl::MutexLock lock(&mutex_);
  concurrency_ = 0;
}

void PrimaryWait::WakeUndemanding() {
  Ended ended;
  {
    absl::MutexLock lock(&mutex_);
    ++epoch_;
    TakeLocked(buffer_.ReleaseUndemanding(), {}, ended);
  }
  Tell(std::move(ended));
}

void PrimaryWait::WakeAll() {
  Ended ended;
  {
    absl::MutexLock lock(&mutex_);
    ++epoch_;
    TakeLocked(buffer_.Clear(), {}, ended);
  }
  Tell(std::move(ended));
}

void PrimaryWait::Expire() {
  Ended ended;
  {
    absl::MutexLock lock(&mutex_);
    const Released late{.status = absl::DeadlineExceededError("")};
    TakeLocked(buffer_.Expire(clock_->Now()), late, ended);
  }
  Tell(std::move(ended));
}

void PrimaryWait::Reconfigure(const FailoverBufferOptions& options) {
  absl::MutexLock lock(&mutex_);
  buffer_.Reconfigure(options);
}

FailoverBufferStats PrimaryWait::stats() const {
  absl::MutexLock lock(&mutex_);
  return buffer_.stats();
}

}  // namespace pgsluice
