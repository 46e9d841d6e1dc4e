// A shard is one thread that serves one gRPC completion queue and one event loop. A
// call's coroutine stays on the shard whose queue received it; so does a session.
//
// The thread takes turns with both, without blocking, as long as either has work. Idle,
// it sleeps in the completion queue; what else is to wake it does so by an alarm in the
// queue.
#pragma once

#include <atomic>
#include <chrono>
#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "asio/any_io_executor.hpp"

#include "pool/event_loop.h"
#include "server/sleep_watch.h"

namespace pgsluice {

// What a completion queue hands back. Completed on its shard.
class CompletionTag {
 public:
  virtual ~CompletionTag() = default;
  virtual void Complete(bool is_ok) = 0;
};

class CallBase;

class Shard final {
 public:
  // `sleep_watch` outlives it, and stops before it goes.
  Shard(int index, SleepWatch& sleep_watch);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  int index() const { return index_; }
  EventLoop& loop() { return loop_; }
  asio::any_io_executor executor() { return loop_.executor(); }

  // Calls in progress. Confined to the shard.
  std::unordered_set<CallBase*>& calls() { return calls_; }
  // Calls that gRPC has handed over and not yet seen the end of, answers on their way
  // included. From any thread.
  size_t open_calls() const { return open_calls_.load(std::memory_order_relaxed); }
  void OnCallAccepted() { open_calls_.fetch_add(1, std::memory_order_relaxed); }
  void OnCallGone() { open_calls_.fetch_sub(1, std::memory_order_relaxed); }

  // Adds the completion queue that it sleeps in: of the server with the traffic.
  grpc::ServerCompletionQueue* AddQueue(grpc::ServerBuilder& builder);
  // Adds one of a server with little to do. Nothing wakes the shard for it: it is looked
  // at now and then.
  grpc::ServerCompletionQueue* AddQuietQueue(grpc::ServerBuilder& builder);
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  // Once its servers have been built and started: the queues must not be polled before.
  void Start();
  // After the servers' shutdown: returns when every completion has been handed over.
  void ShutdownQueues() ABSL_LOCKS_EXCLUDED(mutex_);
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class AlarmTag final : public CompletionTag {
   public:
    explicit AlarmTag(Shard& shard) : shard_(shard) {}
    void Complete(bool is_ok) override;

   private:
    Shard& shard_;
  };

  void Run();
  void Sleep() ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread.
  void Wake() ABSL_LOCKS_EXCLUDED(mutex_);
  size_t TakeCompletions(grpc::ServerCompletionQueue& queue);
  size_t LookAtQuietQueue();
  bool has_open_queue() const;

  const int index_;
  SleepWatch& sleep_watch_;
  std::atomic<size_t> open_calls_{0};
  EventLoop loop_;
  std::thread thread_;

  // The thread's own.
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::ServerCompletionQueue> quiet_queue_;
  bool is_queue_open_ = true;
  bool is_quiet_queue_open_ = false;
  bool is_stopping_ = false;
  EventLoop::TimePoint last_look_;  // At the quiet queue.
  std::unordered_set<CallBase*> calls_;
  absl::Notification queues_ended_;

  absl::Mutex mutex_;
  // Null when the queue takes no more alarms.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
  bool is_alarm_set_ ABSL_GUARDED_BY(mutex_) = false;
  AlarmTag alarm_tag_{*this};
};

}  // namespace pgsluice
