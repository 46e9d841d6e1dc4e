// Tokens whose signature was good, by their hashes, so that one that comes again is only
// looked up. Bounded. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/jwt.h"

namespace pgsluice {

class VerifiedTokens final {
 public:
  // SHA-256 of the token: nobody can make another one with the same.
  using Digest = std::array<unsigned char, 32>;
  static Digest DigestOf(std::string_view token);

  // `most` in all, or a few more.
  explicit VerifiedTokens(size_t most) : most_a_part_(most / kParts + 1) {}
  VerifiedTokens(const VerifiedTokens&) = delete;
  VerifiedTokens& operator=(const VerifiedTokens&) = delete;

  // Null: not known. Whether it has expired, the caller looks.
  std::shared_ptr<const JwtIdentity> Find(const Digest& digest) const;
  // Makes room by forgetting what has expired, or else anything.
  void Insert(const Digest& digest, std::shared_ptr<const JwtIdentity> identity,
              absl::Time now);
  size_t size() const;

 private:
  // Shards seldom wait for each other.
  static constexpr size_t kParts = 16;
  struct Part {
    mutable absl::Mutex mutex;
    // Shared with calls in progress.
    absl::flat_hash_map<Digest, std::shared_ptr<const JwtIdentity>> tokens
        ABSL_GUARDED_BY(mutex);
  };
  const Part& PartOf(const Digest& digest) const { return parts_[digest[0] % kParts]; }

  const size_t most_a_part_;
  std::array<Part, kParts> parts_;
};

}  // namespace pgsluice
