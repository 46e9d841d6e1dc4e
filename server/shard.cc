#include "server/shard.h"

#include <algorithm>
#include <grpc/support/time.h>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pgsluice {

namespace {

// Completions taken before the sockets have their turn again.
constexpr size_t kMostCompletionsATurn = 32;
// What a call of a quiet queue waits for at the most.
constexpr auto kQuietQueueInterval = std::chrono::milliseconds(20);
// Without queues, at the end of a shutdown, the loop is asked this often.
constexpr absl::Duration kPollWithoutQueues = absl::Milliseconds(1);

gpr_timespec Immediately() { return gpr_inf_past(GPR_CLOCK_MONOTONIC); }

gpr_timespec After(EventLoop::TimePoint::duration delay) {
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(delay).count();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(std::max<int64_t>(nanos, 0), GPR_TIMESPAN));
}

}  // namespace

void Shard::AlarmTag::Complete(bool /*is_ok*/) {
  absl::MutexLock lock(&shard_.mutex_);
  shard_.is_alarm_set_ = false;
}

Shard::Shard(int index, SleepWatch& sleep_watch)
    : index_(index), sleep_watch_(sleep_watch), alarm_(std::make_unique<grpc::Alarm>()) {
  loop_.SetWaker([this] { Wake(); });
  sleep_watch_.Add(loop_.descriptor(), [this] { Wake(); });
}

grpc::ServerCompletionQueue* Shard::AddQueue(grpc::ServerBuilder& builder) {
  queue_ = builder.AddCompletionQueue();
  return queue_.get();
}

grpc::ServerCompletionQueue* Shard::AddQuietQueue(grpc::ServerBuilder& builder) {
  quiet_queue_ = builder.AddCompletionQueue();
  is_quiet_queue_open_ = true;
  return quiet_queue_.get();
}

void Shard::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Shard::Run() {
  while (!is_stopping_) {
    size_t done = loop_.RunReady();
    if (is_queue_open_) done += TakeCompletions(*queue_);
    done += LookAtQuietQueue();
    if (done == 0) Sleep();
  }
}

size_t Shard::TakeCompletions(grpc::ServerCompletionQueue& queue) {
  size_t done = 0;
  void* tag = nullptr;
  bool is_ok = false;
  while (done < kMostCompletionsATurn) {
    switch (queue.AsyncNext(&tag, &is_ok, Immediately())) {
      case grpc::CompletionQueue::GOT_EVENT:
        static_cast<CompletionTag*>(tag)->Complete(is_ok);
        ++done;
        break;
      case grpc::CompletionQueue::TIMEOUT: return done;
      case grpc::CompletionQueue::SHUTDOWN:
        (&queue == queue_.get() ? is_queue_open_ : is_quiet_queue_open_) = false;
        if (!has_open_queue()) queues_ended_.Notify();
        return done + 1;
    }
  }
  return done;
}

size_t Shard::LookAtQuietQueue() {
  if (!is_quiet_queue_open_) return 0;
  const EventLoop::TimePoint now = std::chrono::steady_clock::now();
  if (now - last_look_ < kQuietQueueInterval) return 0;
  last_look_ = now;
  return TakeCompletions(*quiet_queue_);
}

bool Shard::has_open_queue() const { return is_queue_open_ || is_quiet_queue_open_; }

void Shard::Sleep() {
  if (!is_queue_open_) {
    absl::SleepFor(kPollWithoutQueues);
    return;
  }
  if (!loop_.FallAsleep()) return;
  sleep_watch_.Arm(loop_.descriptor());

  gpr_timespec until = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const EventLoop::TimePoint now = std::chrono::steady_clock::now();
  std::optional<EventLoop::TimePoint> due = loop_.next_due();
  if (is_quiet_queue_open_) {
    const EventLoop::TimePoint look = last_look_ + kQuietQueueInterval;
    due = due.has_value() ? std::min(*due, look) : look;
  }
  if (due.has_value()) until = After(*due - now);

  void* tag = nullptr;
  bool is_ok = false;
  const auto next = queue_->AsyncNext(&tag, &is_ok, until);
  loop_.WakeUp();
  // A shutdown is told again.
  if (next == grpc::CompletionQueue::GOT_EVENT) {
    static_cast<CompletionTag*>(tag)->Complete(is_ok);
  }
}

void Shard::Wake() {
  absl::MutexLock lock(&mutex_);
  if (alarm_ == nullptr || is_alarm_set_) return;
  is_alarm_set_ = true;
  alarm_->Set(queue_.get(), Immediately(), static_cast<CompletionTag*>(&alarm_tag_));
}

void Shard::ShutdownQueues() {
  if (!thread_.joinable()) return;
  loop_.Post([this] {
    {
      absl::MutexLock lock(&mutex_);
      alarm_.reset();
    }
    queue_->Shutdown();
    if (quiet_queue_ != nullptr) quiet_queue_->Shutdown();
  });
  queues_ended_.WaitForNotification();
}

void Shard::Stop() {
  if (!thread_.joinable()) return;
  loop_.Post([this] { is_stopping_ = true; });
  thread_.join();
}

}  // namespace pgsluice
