#include "server/followed_file.h"

#include "pool/str_cat.h"
#include "server/config/read_file.h"
#include "server/log.h"

namespace pgsluice {

absl::Status FollowedFile::Follow(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  if (path_ == path && problem_.empty()) return absl::OkStatus();
  path_ = path;
  problem_.clear();
  if (path.empty()) {
    taken_.reset();
    use_.drop();
    return absl::OkStatus();
  }
  const absl::StatusOr<bool> read = Read();
  problem_ = std::string(read.status().message());
  return read.status();
}

bool FollowedFile::Look() {
  absl::MutexLock lock(&mutex_);
  if (!path_.has_value() || path_->empty()) return false;
  const absl::StatusOr<bool> read = Read();
  const std::string problem(read.status().message());
  const bool is_told = std::exchange(problem_, problem) == problem;
  if (read.ok()) return *read;
  if (!is_told) {
    Log(LogLevel::kError,
        StrCat("the ", use_.name, " are no good; those of before stay in use"),
        {{"why", problem}});
  }
  return false;
}

void FollowedFile::Forget() {
  absl::MutexLock lock(&mutex_);
  path_.reset();
  taken_.reset();
  problem_.clear();
}

bool FollowedFile::has_path() const {
  absl::MutexLock lock(&mutex_);
  return path_.has_value() && !path_->empty();
}

absl::StatusOr<bool> FollowedFile::Read() {
  absl::StatusOr<std::string> text = ReadFile(*path_);
  if (text.ok() && taken_ == *text) return false;
  const absl::StatusOr<size_t> count = text.ok() ? use_.take(*text) : text.status();
  if (!count.ok()) {
    return absl::InvalidArgumentError(
        StrCat(*path_, ": ", std::string(count.status().message())));
  }
  if (taken_.has_value()) {
    Log(LogLevel::kInfo, StrCat("new ", use_.name),
        {{"file", *path_}, {use_.unit, static_cast<uint64_t>(*count)}});
  }
  taken_ = *std::move(text);
  return true;
}

}  // namespace pgsluice
