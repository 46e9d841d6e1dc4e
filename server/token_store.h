// The table of tokens as its file holds it, followed while it changes; what is bad does
// not replace what is good. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "server/token_table.h"

namespace pgsluice {

class TokenStore final {
 public:
  // Empty: until it is told of a file, no token is known.
  TokenStore() = default;
  TokenStore(const TokenStore&) = delete;
  TokenStore& operator=(const TokenStore&) = delete;

  // The file from now on; empty: none, and no token is known any more. An error says what
  // is wrong with it: the tokens are then those of before, until the file is good.
  absl::Status Follow(const std::string& path)
      ABSL_LOCKS_EXCLUDED(mutex_, looking_mutex_);
  // Reads the file again, and logs what there is to tell.
  void Look() ABSL_LOCKS_EXCLUDED(mutex_, looking_mutex_);

  std::optional<std::string> CallerOf(std::string_view token) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(looking_mutex_);

  // Held over the reading of the file.
  absl::Mutex looking_mutex_;
  std::string path_ ABSL_GUARDED_BY(looking_mutex_);
  std::string seen_ ABSL_GUARDED_BY(looking_mutex_);  // The text that is in use.
  std::string problem_ ABSL_GUARDED_BY(looking_mutex_);

  mutable absl::Mutex mutex_;
  // Shared by look-ups under way.
  std::shared_ptr<const TokenTable> table_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const TokenTable>();
};

}  // namespace pgsluice
