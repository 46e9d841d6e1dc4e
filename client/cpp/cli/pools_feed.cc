#include "client/cpp/cli/pools_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include "absl/time/clock.h"

namespace pgsluice::cli {
namespace {

// Between two tries: first none, then until there is a connection, at most.
constexpr absl::Duration kPause = absl::Milliseconds(500);
constexpr absl::Duration kWaitForConnection = absl::Milliseconds(500);
// A reader that is stopped (Ctrl-S) must not cost memory: the oldest are dropped.
constexpr size_t kMostEvents = 100;

}  // namespace

PoolsFeed::PoolsFeed(const client::Client& client, const client::WatchOptions& options)
    : client_(client),
      options_(options),
      descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)),
      thread_([this] { Run(); }) {}

PoolsFeed::~PoolsFeed() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
    if (stream_ != nullptr) stream_->Cancel();
  }
  thread_.join();
  close(descriptor_);
}

void PoolsFeed::Run() {
  while (true) {
    client::PoolStatsStream stream = client_.WatchPoolStats(options_);
    {
      absl::MutexLock lock(&mutex_);
      if (is_stopping_) return;
      stream_ = &stream;
    }
    while (std::optional<v1::WatchPoolStatsResponse> message = stream.Next()) {
      Push(*std::move(message));
    }
    Push(stream.status());
    {
      absl::MutexLock lock(&mutex_);
      stream_ = nullptr;
      mutex_.AwaitWithTimeout(absl::Condition(&is_stopping_), kPause);
      if (is_stopping_) return;
    }
    // gRPC connects while somebody waits for it; else it looks every five seconds.
    client_.channel()->WaitForConnected(
        absl::ToChronoTime(absl::Now() + kWaitForConnection));
  }
}

void PoolsFeed::Push(Event event) {
  absl::MutexLock lock(&mutex_);
  if (events_.size() == kMostEvents) PopLocked();
  events_.push_back(std::move(event));
  const uint64_t one = 1;
  // Never full: it counts no more than kMostEvents.
  [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof(one));
}

PoolsFeed::Event PoolsFeed::PopLocked() {
  uint64_t one = 0;
  [[maybe_unused]] const ssize_t got = read(descriptor_, &one, sizeof(one));
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<PoolsFeed::Event> PoolsFeed::Take() {
  absl::MutexLock lock(&mutex_);
  if (events_.empty()) return std::nullopt;
  return PopLocked();
}

PoolsFeed::Event PoolsFeed::Wait() {
  absl::MutexLock lock(&mutex_);
  const auto has_events = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !events_.empty();
  };
  mutex_.Await(absl::Condition(&has_events));
  return PopLocked();
}

bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted: return true;
    default: return false;
  }
}

}  // namespace pgsluice::cli
