// The named statements as their file holds them, followed while it changes; what is bad
// does not replace what is good. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "server/statement_book.h"

namespace pgsluice {

class StatementStore final {
 public:
  // Empty: until it is told of a file, there is no named statement.
  StatementStore() = default;
  StatementStore(const StatementStore&) = delete;
  StatementStore& operator=(const StatementStore&) = delete;

  // The file from now on; empty: none, and no statement has a name any more. An error
  // says what is wrong with it: the statements are then those of before, until the file
  // is good.
  absl::Status Follow(const std::string& path)
      ABSL_LOCKS_EXCLUDED(mutex_, looking_mutex_);
  // Reads the file again, and logs what there is to tell. True: there is another book.
  bool Look() ABSL_LOCKS_EXCLUDED(mutex_, looking_mutex_);

  // Shared with calls in progress; never null.
  std::shared_ptr<const StatementBook> book() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(looking_mutex_);
  void Use(StatementBook book) ABSL_LOCKS_EXCLUDED(mutex_);

  // Held over the reading of the file.
  absl::Mutex looking_mutex_;
  std::string path_ ABSL_GUARDED_BY(looking_mutex_);
  std::string seen_ ABSL_GUARDED_BY(looking_mutex_);  // The text that is in use.
  bool has_seen_ ABSL_GUARDED_BY(looking_mutex_) = false;
  std::string problem_ ABSL_GUARDED_BY(looking_mutex_);

  mutable absl::Mutex mutex_;
  std::shared_ptr<const StatementBook> book_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const StatementBook>();
};

}  // namespace pgsluice
