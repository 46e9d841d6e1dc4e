#include "server/token_store.h"

#include <utility>

#include "pool/str_cat.h"
#include "server/config/read_file.h"
#include "server/log.h"

namespace pgsluice {

absl::Status TokenStore::Follow(const std::string& path) {
  absl::MutexLock looking(&looking_mutex_);
  if (path == path_ && problem_.empty()) return absl::OkStatus();
  path_ = path;
  problem_.clear();
  const absl::Status status = Read();
  if (!status.ok()) problem_ = std::string(status.message());
  return status;
}

void TokenStore::Look() {
  absl::MutexLock looking(&looking_mutex_);
  if (path_.empty()) return;
  const absl::Status status = Read();
  const std::string problem(status.message());
  if (std::exchange(problem_, problem) == problem || status.ok()) return;
  Log(LogLevel::kError, "the tokens are no good; those of before stay in use",
      {{"why", problem}});
}

absl::Status TokenStore::Read() {
  const auto use = [this](TokenTable table) {
    absl::MutexLock lock(&mutex_);
    table_ = std::make_shared<const TokenTable>(std::move(table));
  };
  if (path_.empty()) {
    use({});
    seen_.clear();
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> text = ReadFile(path_);
  if (text.ok() && *text == seen_ && !seen_.empty()) return absl::OkStatus();
  absl::StatusOr<TokenTable> table = text.ok() ? TokenTable::Parse(*text) : text.status();
  if (!table.ok()) {
    return absl::InvalidArgumentError(
        StrCat(path_, ": ", std::string(table.status().message())));
  }
  if (!seen_.empty()) {
    Log(LogLevel::kInfo, "new tokens",
        {{"file", path_}, {"tokens", static_cast<uint64_t>(table->size())}});
  }
  seen_ = *std::move(text);
  use(*std::move(table));
  return absl::OkStatus();
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
