// JSON Web Tokens (RFC 7519, RFC 8725) by which callers say who they are: what has to be
// true of one. Rules file.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/jwt_key.h"

namespace pgsluice {

struct JwtOptions {
  std::string jwks_file;  // Empty: no such tokens.
  std::string issuer;
  std::string audience;
  std::string name_claim = "sub";
  std::string name_prefix = {};
  absl::Duration leeway = absl::ZeroDuration();
  absl::Duration max_lifetime = absl::ZeroDuration();  // Zero: any.

  bool operator==(const JwtOptions&) const = default;
};

// The keys of an issuer, as a JSON Web Key Set has them.
class JwtKeySet final {
 public:
  // Keys that are for something else are left out; without one that is left, or with one
  // that is no good, it is an error.
  static absl::StatusOr<JwtKeySet> Parse(std::string_view text);

  // The one key that a token may be signed with; null: there is none, or without an id
  // several. An empty id is none.
  const JwtKey* Find(std::optional<std::string_view> id, JwtAlgorithm algorithm) const;
  size_t size() const { return keys_.size(); }

 private:
  std::vector<JwtKey> keys_;
};

// What a good token says.
struct JwtIdentity {
  std::string name;  // Of the caller, with the prefix.
  // Those that are a text, a number as written, or true or false.
  std::map<std::string, std::string, std::less<>> claims;
  absl::Time begins = absl::InfinitePast();  // The later one of nbf and iat.
  absl::Time ends;
};

// Three parts, whatever they hold.
bool HasJwtShape(std::string_view token);

// The error is for a log: it says which check failed, and holds nothing of the token.
absl::StatusOr<JwtIdentity> VerifyJwt(std::string_view token, const JwtKeySet& keys,
                                      const JwtOptions& options, absl::Time now);
// Of a token that was good before.
absl::Status CheckTimes(const JwtIdentity& identity, absl::Duration leeway,
                        absl::Time now);

}  // namespace pgsluice
