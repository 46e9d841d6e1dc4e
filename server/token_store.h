// The table of tokens as its file holds it, followed while it changes. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "server/followed_file.h"
#include "server/token_table.h"

namespace pgsluice {

class TokenStore final {
 public:
  // Until it is told of a file, no token is known.
  TokenStore();
  TokenStore(const TokenStore&) = delete;
  TokenStore& operator=(const TokenStore&) = delete;

  // As a FollowedFile; without a file no token is known.
  absl::Status Follow(const std::string& path) { return file_.Follow(path); }
  void Look() { file_.Look(); }
  bool has_file() const { return file_.has_path(); }

  std::optional<std::string> CallerOf(std::string_view token) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Use(TokenTable table) ABSL_LOCKS_EXCLUDED(mutex_);

  FollowedFile file_;

  mutable absl::Mutex mutex_;
  // Shared by look-ups under way.
  std::shared_ptr<const TokenTable> table_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const TokenTable>();
};

}  // namespace pgsluice
