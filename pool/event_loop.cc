#include "pool/event_loop.h"

#include <cstdlib>
#include <unistd.h>

#include "pool/socket_watch.h"
#include "pool/timer.h"

namespace pgsluice {

namespace {

// The loop that this thread runs.
thread_local const EventLoop* current_loop = nullptr;

}  // namespace

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) std::abort();  // Out of descriptors before anything has begun.
}

EventLoop::~EventLoop() {
  // What is destroyed may post, and set timers, once more.
  while (true) {
    std::vector<Task> tasks = std::move(tasks_);
    tasks_.clear();
    {
      absl::MutexLock lock(&mutex_);
      for (Task& task : incoming_) tasks.push_back(std::move(task));
      incoming_.clear();
    }
    if (tasks.empty() && timers_.empty()) break;
    tasks.clear();
    if (!timers_.empty()) timers_.begin()->second->Drop();
  }
  shutdown();
  destroy();
  if (current_loop == this) current_loop = nullptr;
  close(epoll_);
}

EventLoop& EventLoop::Of(const asio::any_io_executor& executor) {
  const auto* own = executor.target<Executor>();
  if (own == nullptr) std::abort();  // A coroutine of ours outside of any shard.
  return own->loop();
}

bool EventLoop::IsCurrent(const asio::any_io_executor& executor) {
  const auto* own = executor.target<Executor>();
  return own != nullptr && own->loop().IsCurrent();
}

bool EventLoop::IsCurrent() const { return current_loop == this; }

void EventLoop::Post(Task task) {
  if (IsCurrent()) {
    tasks_.push_back(std::move(task));
    return;
  }
  bool was_asleep = false;
  {
    absl::MutexLock lock(&mutex_);
    incoming_.push_back(std::move(task));
    has_incoming_.store(true, std::memory_order_relaxed);
    was_asleep = std::exchange(is_asleep_, false);
  }
  if (was_asleep && wake_) wake_();
}

bool EventLoop::FallAsleep() {
  if (!tasks_.empty()) return false;
  absl::MutexLock lock(&mutex_);
  if (!incoming_.empty()) return false;
  is_asleep_ = true;
  return true;
}

void EventLoop::WakeUp() {
  absl::MutexLock lock(&mutex_);
  is_asleep_ = false;
}

std::optional<EventLoop::TimePoint> EventLoop::next_due() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

size_t EventLoop::RunReady() {
  current_loop = this;
  ++turn_;
  size_t done = RunTasks();
  done += RunTimers();
  done += RunSockets();
  return done;
}

size_t EventLoop::RunTasks() {
  if (has_incoming_.load(std::memory_order_relaxed)) {
    absl::MutexLock lock(&mutex_);
    has_incoming_.store(false, std::memory_order_relaxed);
    for (Task& task : incoming_) tasks_.push_back(std::move(task));
    incoming_.clear();
  }
  // What these post has its turn after the sockets.
  running_.swap(tasks_);
  for (Task& task : running_) {
    task();
    task = nullptr;
  }
  const size_t done = running_.size();
  running_.clear();
  return done;
}

size_t EventLoop::RunTimers() {
  size_t done = 0;
  if (timers_.empty()) return done;
  const TimePoint now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    timers_.begin()->second->Expire();
    ++done;
  }
  return done;
}

size_t EventLoop::RunSockets() {
  if (watched_ == 0) return 0;
  const int count =
      epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), 0);
  if (count <= 0) return 0;
  event_count_ = static_cast<size_t>(count);
  for (next_event_ = 0; next_event_ < event_count_;) {
    const epoll_event& event = events_[next_event_++];
    if (event.data.ptr == nullptr) continue;
    static_cast<SocketWatch*>(event.data.ptr)->OnReady();
  }
  event_count_ = 0;
  return static_cast<size_t>(count);
}

uint32_t EventLoop::Watch(int descriptor, SocketWatch& watch, uint32_t before,
                          uint32_t events) {
  if (before == events) return events;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  int operation = EPOLL_CTL_MOD;
  if (before == 0) operation = EPOLL_CTL_ADD;
  if (events == 0) operation = EPOLL_CTL_DEL;
  const bool is_done = epoll_ctl(epoll_, operation, descriptor, &event) == 0;
  if (operation == EPOLL_CTL_DEL) {
    --watched_;  // A socket that was closed has left by itself.
    return 0;
  }
  if (is_done && operation == EPOLL_CTL_ADD) ++watched_;
  return is_done ? events : before;
}

void EventLoop::ForgetEvents(const SocketWatch& watch) {
  for (size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
  }
}

}  // namespace pgsluice
