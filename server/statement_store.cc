#include "server/statement_store.h"

#include <utility>

namespace pgsluice {

StatementStore::StatementStore()
    : file_({.name = "named statements",
             .unit = "statements",
             .take = [this](const std::string& text) -> absl::StatusOr<size_t> {
               absl::StatusOr<StatementBook> book = StatementBook::Parse(text);
               if (!book.ok()) return book.status();
               const size_t size = book->size();
               Use(*std::move(book));
               return size;
             },
             .drop = [this] { Use({}); }}) {}

void StatementStore::Use(StatementBook book) {
  auto used = std::make_shared<const StatementBook>(std::move(book));
  absl::MutexLock lock(&mutex_);
  book_.swap(used);  // What was there goes when the lock has gone.
}

std::shared_ptr<const StatementBook> StatementStore::book() const {
  absl::MutexLock lock(&mutex_);
  return book_;
}

}  // namespace pgsluice
