// The keys that JSON Web Tokens are checked with, as their file holds them, followed
// while it changes; what is bad does not replace what is good. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/jwt.h"

namespace pgsluice {

class JwtStore final {
 public:
  // Off: until it is told of a file, no token is good.
  JwtStore() = default;
  JwtStore(const JwtStore&) = delete;
  JwtStore& operator=(const JwtStore&) = delete;

  // What holds from now on; without a file it is off. An error says what is wrong with
  // it: keys and options are then those of before, until the file is good.
  absl::Status Follow(const JwtOptions& options)
      ABSL_LOCKS_EXCLUDED(mutex_, looking_mutex_);
  // Reads the file again, and logs what there is to tell.
  void Look() ABSL_LOCKS_EXCLUDED(mutex_, looking_mutex_);

  bool is_on() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Never null. The error is for a log, as VerifyJwt's.
  absl::StatusOr<std::shared_ptr<const JwtIdentity>> IdentityOf(std::string_view token,
                                                                absl::Time now) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Table;  // Keys, options, and the tokens that were good by them.

  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(looking_mutex_);
  void Use(std::shared_ptr<Table> table) ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<Table> table() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Held over the reading of the file.
  absl::Mutex looking_mutex_;
  JwtOptions options_ ABSL_GUARDED_BY(looking_mutex_);
  std::string seen_ ABSL_GUARDED_BY(looking_mutex_);  // The text that is in use.
  std::string problem_ ABSL_GUARDED_BY(looking_mutex_);

  mutable absl::Mutex mutex_;
  // Shared by checks under way; null: off.
  std::shared_ptr<Table> table_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
