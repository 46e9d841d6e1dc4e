// The named statements as their file holds them, followed while it changes. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "server/followed_file.h"
#include "server/statement_book.h"

namespace pgsluice {

class StatementStore final {
 public:
  // Until it is told of a file, there is no named statement.
  StatementStore();
  StatementStore(const StatementStore&) = delete;
  StatementStore& operator=(const StatementStore&) = delete;

  // As a FollowedFile; without a file no statement has a name.
  absl::Status Follow(const std::string& path) { return file_.Follow(path); }
  // True: there is another book.
  bool Look() { return file_.Look(); }
  bool has_file() const { return file_.has_path(); }

  // Shared with calls in progress; never null.
  std::shared_ptr<const StatementBook> book() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Use(StatementBook book) ABSL_LOCKS_EXCLUDED(mutex_);

  FollowedFile file_;

  mutable absl::Mutex mutex_;
  std::shared_ptr<const StatementBook> book_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const StatementBook>();
};

}  // namespace pgsluice
