#include "server/jwt_store.h"

#include <utility>

#include "pool/str_cat.h"
#include "server/config/read_file.h"
#include "server/log.h"
#include "server/verified_tokens.h"

namespace pgsluice {

namespace {

constexpr size_t kMostVerifiedTokens = 4096;

}  // namespace

// Replaced as a whole: what was good by other keys is forgotten with them.
struct JwtStore::Table {
  Table(JwtOptions options, JwtKeySet keys)
      : options(std::move(options)), keys(std::move(keys)) {}

  const JwtOptions options;
  const JwtKeySet keys;
  VerifiedTokens verified{kMostVerifiedTokens};
};

absl::Status JwtStore::Follow(const JwtOptions& options) {
  absl::MutexLock looking(&looking_mutex_);
  if (options == options_ && problem_.empty()) return absl::OkStatus();
  options_ = options;
  problem_.clear();
  seen_.clear();
  const absl::Status status = Read();
  if (!status.ok()) problem_ = std::string(status.message());
  return status;
}

void JwtStore::Look() {
  absl::MutexLock looking(&looking_mutex_);
  if (options_.jwks_file.empty()) return;
  const absl::Status status = Read();
  const std::string problem(status.message());
  if (std::exchange(problem_, problem) == problem || status.ok()) return;
  Log(LogLevel::kError, "the keys of tokens are no good; those of before stay in use",
      {{"why", problem}});
}

absl::Status JwtStore::Read() {
  const std::string& path = options_.jwks_file;
  if (path.empty()) {
    Use(nullptr);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok() && *text == seen_ && !seen_.empty()) return absl::OkStatus();
  absl::StatusOr<JwtKeySet> keys = text.ok() ? JwtKeySet::Parse(*text) : text.status();
  if (!keys.ok()) {
    return absl::InvalidArgumentError(
        StrCat(path, ": ", std::string(keys.status().message())));
  }
  Log(LogLevel::kInfo, "new keys of tokens",
      {{"file", path}, {"keys", static_cast<uint64_t>(keys->size())}});
  seen_ = *std::move(text);
  Use(std::make_shared<Table>(options_, *std::move(keys)));
  return absl::OkStatus();
}

void JwtStore::Use(std::shared_ptr<Table> table) {
  absl::MutexLock lock(&mutex_);
  table_.swap(table);  // What was there goes when the lock has gone.
}

std::shared_ptr<JwtStore::Table> JwtStore::table() const {
  absl::MutexLock lock(&mutex_);
  return table_;
}

bool JwtStore::is_on() const { return table() != nullptr; }

absl::StatusOr<std::shared_ptr<const JwtIdentity>> JwtStore::IdentityOf(
    std::string_view token, absl::Time now) const {
  const std::shared_ptr<Table> used = table();
  if (used == nullptr) return absl::InvalidArgumentError("no keys are known");
  const VerifiedTokens::Digest digest = VerifiedTokens::DigestOf(token);
  std::shared_ptr<const JwtIdentity> known = used->verified.Find(digest);
  if (known != nullptr) {
    absl::Status valid = CheckTimes(*known, used->options.leeway, now);
    if (!valid.ok()) return valid;
    return known;
  }
  absl::StatusOr<JwtIdentity> identity = VerifyJwt(token, used->keys, used->options, now);
  if (!identity.ok()) return identity.status();
  known = std::make_shared<const JwtIdentity>(*std::move(identity));
  used->verified.Insert(digest, known, now);
  return known;
}

}  // namespace pgsluice
