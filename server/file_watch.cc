#include "server/file_watch.h"

#include <pthread.h>
#include <utility>

#include "absl/time/time.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

}  // namespace

FileWatch::FileWatch(std::function<void()> look) : look_(std::move(look)) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "file_watch");
}

FileWatch::~FileWatch() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  thread_.join();
}

void FileWatch::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&is_stopping_), kInterval)) return;
    }
    look_();
  }
}

}  // namespace pgsluice
