#include "server/token_store.h"

#include <utility>

namespace pgsluice {

TokenStore::TokenStore()
    : file_({.name = "tokens",
             .unit = "tokens",
             .take = [this](const std::string& text) -> absl::StatusOr<size_t> {
               absl::StatusOr<TokenTable> table = TokenTable::Parse(text);
               if (!table.ok()) return table.status();
               const size_t size = table->size();
               Use(*std::move(table));
               return size;
             },
             .drop = [this] { Use({}); }}) {}

void TokenStore::Use(TokenTable table) {
  auto used = std::make_shared<const TokenTable>(std::move(table));
  absl::MutexLock lock(&mutex_);
  table_.swap(used);  // What was there goes when the lock has gone.
}

std::optional<std::string> TokenStore::CallerOf(std::string_view token) const {
  std::shared_ptr<const TokenTable> table;
  {
    absl::MutexLock lock(&mutex_);
    table = table_;
  }
  return table->CallerOf(token);
}

}  // namespace pgsluice
