#include "pool/pg/canceler.h"

#include <array>
#include <utility>

namespace pgsluice {

Canceler::Canceler(size_t threads) : shared_(std::make_shared<Shared>()) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([shared = shared_] { Run(shared); });
  }
}

Canceler::~Canceler() {
  bool all_idle = false;
  {
    absl::MutexLock lock(&shared_->mutex);
    shared_->is_stopping = true;
    shared_->queue.clear();
    all_idle = shared_->running == 0;
  }
  for (std::thread& thread : threads_) {
    if (all_idle) {
      thread.join();
    } else {
      thread.detach();
    }
  }
}

void Canceler::Cancel(CancelHandle handle, std::function<void(bool)> done) {
  absl::MutexLock lock(&shared_->mutex);
  shared_->queue.push_back({std::move(handle), std::move(done)});
}

void Canceler::Run(const std::shared_ptr<Shared>& shared) {
  while (true) {
    Request request;
    {
      absl::MutexLock lock(&shared->mutex);
      shared->mutex.Await(absl::Condition(
          +[](Shared* s) ABSL_EXCLUSIVE_LOCKS_REQUIRED(s->mutex) {
            return s->is_stopping || !s->queue.empty();
          },
          shared.get()));
      if (shared->is_stopping) return;
      request = std::move(shared->queue.front());
      shared->queue.pop_front();
      ++shared->running;
    }
    std::array<char, 256> error{};
    const bool was_sent = PQcancel(request.handle.get(), error.data(), error.size()) == 1;
    request.done(was_sent);
    absl::MutexLock lock(&shared->mutex);
    --shared->running;
  }
}

}  // namespace pgsluice
