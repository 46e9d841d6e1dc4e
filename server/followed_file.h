// A file that is read again and again while it is in use: what it holds is taken whenever
// it is something else, and what is bad does not replace what is good. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice {

// Who uses a file. Both functions are called one at a time, under a lock that nothing but
// the file's own methods takes.
struct FileUse {
  std::string_view name;  // Of what it holds, in the log: "named statements".
  std::string_view unit;  // The log's field for how many these are: "statements".
  // Takes the text into use, and says how many it holds; an error says what is wrong with
  // it, and all stays as it was.
  std::function<absl::StatusOr<size_t>(const std::string& text)> take;
  // There is no file any more.
  std::function<void()> drop;
};

class FollowedFile final {
 public:
  // There is none until Follow names one.
  explicit FollowedFile(FileUse use) : use_(std::move(use)) {}
  FollowedFile(const FollowedFile&) = delete;
  FollowedFile& operator=(const FollowedFile&) = delete;

  // The file from now on; empty: none. An error says what is wrong with it: what was
  // taken before stays in use, until the file is good. Nothing is read while the path is
  // as it was and its file good: Look does the rest.
  absl::Status Follow(const std::string& path) ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads the file again, and logs what there is to tell. True: another text was taken.
  bool Look() ABSL_LOCKS_EXCLUDED(mutex_);
  // The next Follow takes the text, whatever was there before; until then there is no
  // file, and what was taken stays in use.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);

  bool has_path() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // True: another text was taken.
  absl::StatusOr<bool> Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const FileUse use_;

  mutable absl::Mutex mutex_;  // Held over the reading of the file.
  std::optional<std::string> path_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> taken_ ABSL_GUARDED_BY(mutex_);  // The text in use.
  std::string problem_ ABSL_GUARDED_BY(mutex_);               // Has been told.
};

}  // namespace pgsluice
