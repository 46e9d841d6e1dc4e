#include "server/shard.h"

#include "asio/post.hpp"

namespace pgsluice {

QueuePoller::QueuePoller(std::unique_ptr<grpc::ServerCompletionQueue> queue,
                         asio::io_context& loop)
    : queue_(std::move(queue)), loop_(loop) {}

void QueuePoller::Start() {
  thread_ = std::thread([this] { Run(); });
}

void QueuePoller::ShutdownAndJoin() {
  queue_->Shutdown();
  if (thread_.joinable()) thread_.join();
}

void QueuePoller::Run() {
  void* tag = nullptr;
  bool is_ok = false;
  while (queue_->Next(&tag, &is_ok)) {
    bool was_empty = false;
    {
      absl::MutexLock lock(&mutex_);
      was_empty = completed_.empty();
      completed_.emplace_back(static_cast<CompletionTag*>(tag), is_ok);
    }
    // Otherwise a drain is on its way already.
    if (was_empty) asio::post(loop_, [this] { Drain(); });
  }
}

void QueuePoller::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    draining_.swap(completed_);
  }
  for (auto& [tag, is_ok] : draining_) tag->Complete(is_ok);
  draining_.clear();
}

QueuePoller& Shard::AddQueue(grpc::ServerBuilder& builder) {
  pollers_.push_back(std::make_unique<QueuePoller>(builder.AddCompletionQueue(), loop_));
  return *pollers_.back();
}

void Shard::Start() {
  thread_ = std::thread([this] { loop_.run(); });
  for (auto& poller : pollers_) poller->Start();
}

void Shard::ShutdownQueues() {
  for (auto& poller : pollers_) poller->ShutdownAndJoin();
}

void Shard::StopLoop() {
  work_.reset();
  asio::post(loop_, [this] { loop_.stop(); });
  if (thread_.joinable()) thread_.join();
}

}  // namespace pgsluice
