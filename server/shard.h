// A shard is one thread with one event loop and one gRPC completion queue. A call's
// coroutine stays on the shard whose queue received it; so does a session.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>
#include <memory>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/executor_work_guard.hpp"
#include "asio/io_context.hpp"

namespace pgsluice {

// What a completion queue hands back. Completed on the loop of its queue's shard.
class CompletionTag {
 public:
  virtual ~CompletionTag() = default;
  virtual void Complete(bool is_ok) = 0;
};

// Brings a queue's completions to a loop: one thread waits in the queue, and wakes the
// loop once for as many completions as there are.
class QueuePoller final {
 public:
  QueuePoller(std::unique_ptr<grpc::ServerCompletionQueue> queue, asio::io_context& loop);
  QueuePoller(const QueuePoller&) = delete;
  QueuePoller& operator=(const QueuePoller&) = delete;

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  // Once the server has been built and started: the queue must not be polled before.
  void Start();
  // After the server's own shutdown; returns when every completion has been posted.
  void ShutdownAndJoin();

 private:
  void Run();
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  asio::io_context& loop_;
  std::thread thread_;
  std::vector<std::pair<CompletionTag*, bool>> draining_;  // The loop's.

  absl::Mutex mutex_;
  std::vector<std::pair<CompletionTag*, bool>> completed_ ABSL_GUARDED_BY(mutex_);
};

class CallBase;

class Shard final {
 public:
  explicit Shard(int index) : index_(index), work_(loop_.get_executor()) {}
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  int index() const { return index_; }
  asio::io_context& loop() { return loop_; }
  asio::any_io_executor executor() { return loop_.get_executor(); }

  // Calls in progress. Confined to the shard.
  std::unordered_set<CallBase*>& calls() { return calls_; }

  // Adds a completion queue of `builder`'s server to this shard.
  QueuePoller& AddQueue(grpc::ServerBuilder& builder);
  // The queue added first.
  grpc::ServerCompletionQueue* queue() { return pollers_.front()->queue(); }

  void Start();
  // After the servers' shutdown: ends the queues, then the loop.
  void ShutdownQueues();
  void StopLoop();

 private:
  const int index_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::unique_ptr<QueuePoller>> pollers_;
  std::unordered_set<CallBase*> calls_;
  std::thread thread_;
};

}  // namespace pgsluice
