#include "server/jwt_store.h"

#include <utility>

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

JwtStore::JwtStore()
    : file_({.name = "keys of tokens",
             .unit = "keys",
             .take = [this](const std::string& text) { return Take(text); },
             .drop = [this] { Use(nullptr); }}) {}

absl::Status JwtStore::Follow(const JwtOptions& options) {
  bool is_other = false;
  {
    absl::MutexLock lock(&mutex_);
    is_other = options != options_;
  }
  if (is_other) {
    // First, so that nobody takes the old file by the new options.
    file_.Forget();
    absl::MutexLock lock(&mutex_);
    options_ = options;
  }
  return file_.Follow(options.jwks_file);
}

absl::StatusOr<size_t> JwtStore::Take(const std::string& text) {
  absl::StatusOr<JwtKeySet> keys = JwtKeySet::Parse(text);
  if (!keys.ok()) return keys.status();
  const size_t size = keys->size();
  JwtOptions options;
  {
    absl::MutexLock lock(&mutex_);
    options = options_;
  }
  Use(std::make_shared<Table>(std::move(options), *std::move(keys)));
  return size;
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
