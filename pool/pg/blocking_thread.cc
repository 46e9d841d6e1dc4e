#include "pool/pg/blocking_thread.h"

#include <utility>

namespace pgsluice {

BlockingThread::BlockingThread()
    : shared_(std::make_shared<Shared>()),
      thread_([shared = shared_] { Work(shared); }) {}

BlockingThread::~BlockingThread() {
  bool is_running = false;
  {
    absl::MutexLock lock(&shared_->mutex);
    shared_->is_stopping = true;
    shared_->queue.clear();
    is_running = shared_->is_running;
  }
  if (is_running) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void BlockingThread::Run(std::function<void()> task) {
  absl::MutexLock lock(&shared_->mutex);
  shared_->queue.push_back(std::move(task));
}

void BlockingThread::Work(const std::shared_ptr<Shared>& shared) {
  while (true) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&shared->mutex);
      shared->mutex.Await(absl::Condition(
          +[](Shared* s) ABSL_EXCLUSIVE_LOCKS_REQUIRED(s->mutex) {
            return s->is_stopping || !s->queue.empty();
          },
          shared.get()));
      if (shared->is_stopping) return;
      task = std::move(shared->queue.front());
      shared->queue.pop_front();
      shared->is_running = true;
    }
    task();
    task = nullptr;
    absl::MutexLock lock(&shared->mutex);
    shared->is_running = false;
  }
}

}  // namespace pgsluice
