// The keys that JSON Web Tokens are checked with, as their file holds them, followed
// while it changes. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/followed_file.h"
#include "server/jwt.h"

namespace pgsluice {

class JwtStore final {
 public:
  // Off: until it is told of a file, no token is good.
  JwtStore();
  JwtStore(const JwtStore&) = delete;
  JwtStore& operator=(const JwtStore&) = delete;

  // What holds from now on; without a file it is off. As a FollowedFile: until that is
  // good, keys and options are those of before.
  absl::Status Follow(const JwtOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  void Look() { file_.Look(); }
  bool has_file() const { return file_.has_path(); }

  bool is_on() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Never null. The error is for a log, as VerifyJwt's.
  absl::StatusOr<std::shared_ptr<const JwtIdentity>> IdentityOf(std::string_view token,
                                                                absl::Time now) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Table;  // Keys, options, and the tokens that were good by them.

  absl::StatusOr<size_t> Take(const std::string& text) ABSL_LOCKS_EXCLUDED(mutex_);
  void Use(std::shared_ptr<Table> table) ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<Table> table() const ABSL_LOCKS_EXCLUDED(mutex_);

  FollowedFile file_;

  mutable absl::Mutex mutex_;
  JwtOptions options_ ABSL_GUARDED_BY(mutex_);  // Of the table that is taken next.
  // Shared by checks under way; null: off.
  std::shared_ptr<Table> table_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
