// A public key that tokens are signed with, and checking with it: each key has one
// algorithm, whatever a token says. Rules file.
#pragma once

#include <memory>
#include <openssl/types.h>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "server/json_object.h"

namespace pgsluice {

// All that are taken: no "none", and nothing whose key would be a secret.
enum class JwtAlgorithm { kRs256, kEs256, kEdDsa };

// As tokens name it; absent: not one of these.
std::optional<JwtAlgorithm> JwtAlgorithmNamed(std::string_view name);

class JwtKey final {
 public:
  // Of a JWK (RFC 7517). Absent: a key that is for something else, or of a kind that is
  // not taken. An error: one that nobody should use; says why, never what it holds.
  static absl::StatusOr<std::optional<JwtKey>> FromJwk(const JsonObject& jwk);

  const std::string& id() const { return id_; }  // Empty: it has none.
  JwtAlgorithm algorithm() const { return algorithm_; }
  // Whether `signature`, of the form that JWS has for the algorithm, is this key's.
  bool HasSigned(std::string_view text, std::string_view signature) const;

 private:
  std::string id_;
  JwtAlgorithm algorithm_ = JwtAlgorithm::kRs256;
  std::shared_ptr<EVP_PKEY> key_;  // Shared by copies; never changed.
};

}  // namespace pgsluice
