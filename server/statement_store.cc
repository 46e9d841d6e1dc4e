#include "server/statement_store.h"

#include <utility>

#include "pool/str_cat.h"
#include "server/config/read_file.h"
#include "server/log.h"

namespace pgsluice {

absl::Status StatementStore::Follow(const std::string& path) {
  absl::MutexLock looking(&looking_mutex_);
  if (path == path_ && problem_.empty()) return absl::OkStatus();
  path_ = path;
  problem_.clear();
  const absl::Status status = Read();
  if (!status.ok()) problem_ = std::string(status.message());
  return status;
}

bool StatementStore::Look() {
  absl::MutexLock looking(&looking_mutex_);
  if (path_.empty()) return false;
  const std::shared_ptr<const StatementBook> before = book();
  const absl::Status status = Read();
  const std::string problem(status.message());
  const bool is_told = std::exchange(problem_, problem) == problem;
  if (!status.ok() && !is_told) {
    Log(LogLevel::kError, "the named statements are no good; those of before stay in use",
        {{"why", problem}});
  }
  return book() != before;
}

absl::Status StatementStore::Read() {
  if (path_.empty()) {
    Use({});
    has_seen_ = false;
    seen_.clear();
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> text = ReadFile(path_);
  if (text.ok() && has_seen_ && *text == seen_) return absl::OkStatus();
  absl::StatusOr<StatementBook> book =
      text.ok() ? StatementBook::Parse(*text) : text.status();
  if (!book.ok()) {
    return absl::InvalidArgumentError(
        StrCat(path_, ": ", std::string(book.status().message())));
  }
  if (has_seen_) {
    Log(LogLevel::kInfo, "new named statements",
        {{"file", path_}, {"statements", static_cast<uint64_t>(book->size())}});
  }
  seen_ = *std::move(text);
  has_seen_ = true;
  Use(*std::move(book));
  return absl::OkStatus();
}

void StatementStore::Use(StatementBook book) {
  absl::MutexLock lock(&mutex_);
  book_ = std::make_shared<const StatementBook>(std::move(book));
}

std::shared_ptr<const StatementBook> StatementStore::book() const {
  absl::MutexLock lock(&mutex_);
  return book_;
}

}  // namespace pgsluice
