#include "server/verified_tokens.h"

#include <openssl/sha.h>
#include <utility>

namespace pgsluice {

VerifiedTokens::Digest VerifiedTokens::DigestOf(std::string_view token) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         digest.data());
  return digest;
}

std::shared_ptr<const JwtIdentity> VerifiedTokens::Find(const Digest& digest) const {
  const Part& part = PartOf(digest);
  absl::MutexLock lock(&part.mutex);
  const auto found = part.tokens.find(digest);
  return found == part.tokens.end() ? nullptr : found->second;
}

void VerifiedTokens::Insert(const Digest& digest,
                            std::shared_ptr<const JwtIdentity> identity, absl::Time now) {
  Part& part = parts_[digest[0] % kParts];
  absl::MutexLock lock(&part.mutex);
  if (part.tokens.size() >= most_a_part_) {
    for (auto each = part.tokens.begin(); each != part.tokens.end();) {
      if (each->second->ends <= now) {
        part.tokens.erase(each++);
      } else {
        ++each;
      }
    }
  }
  // Which one comes first is a matter of chance.
  if (part.tokens.size() >= most_a_part_) part.tokens.erase(part.tokens.begin());
  part.tokens.insert_or_assign(digest, std::move(identity));
}

size_t VerifiedTokens::size() const {
  size_t sum = 0;
  for (const Part& part : parts_) {
    absl::MutexLock lock(&part.mutex);
    sum += part.tokens.size();
  }
  return sum;
}

}  // namespace pgsluice
