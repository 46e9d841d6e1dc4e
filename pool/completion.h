// A value that arrives later, from any thread, awaited once by a coroutine.
#pragma once

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "asio/associated_executor.hpp"
#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/post.hpp"
#include "asio/use_awaitable.hpp"

namespace pgsluice {

// Thread-safe. Shared by the one who sets it and the one who awaits it, since either may
// be first to go away.
template <class T>
class Completion final {
 public:
  // The first value wins; returns false (and leaves `value` alone) if there is one.
  bool Set(T&& value) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::AnyInvocable<void()> resume;
    {
      absl::MutexLock lock(&mutex_);
      if (is_set_) return false;
      is_set_ = true;
      value_.emplace(std::move(value));
      resume = std::move(resume_);
    }
    if (resume) resume();
    return true;
  }

  // Resumes on the caller's executor.
  asio::awaitable<T> Wait() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        [this](auto handler) {
          auto executor = asio::get_associated_executor(handler);
          absl::AnyInvocable<void()> resume = [executor,
                                               handler = std::move(handler)]() mutable {
            asio::post(executor, std::move(handler));
          };
          bool is_ready = false;
          {
            absl::MutexLock lock(&mutex_);
            is_ready = is_set_;
            if (!is_ready) resume_ = std::move(resume);
          }
          if (is_ready) resume();
        },
        asio::use_awaitable);
    absl::MutexLock lock(&mutex_);
    co_return std::move(*value_);
  }

 private:
  absl::Mutex mutex_;
  bool is_set_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<T> value_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> resume_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
