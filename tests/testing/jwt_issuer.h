// Who signs JSON Web Tokens in tests: a key pair of its own, made anew each time.
#pragma once

#include <memory>
#include <openssl/types.h>
#include <string>
#include <string_view>

namespace pgsluice::testing {

// Without padding.
std::string Base64Url(std::string_view bytes);

class JwtIssuer final {
 public:
  enum class Key { kRsa, kRsa1024, kP256, kP384, kEd25519 };

  // `id`: the kid of its key; empty: none.
  explicit JwtIssuer(Key key = Key::kP256, std::string id = "k1");

  // Its public key; `extra` goes behind the other members: ",\"use\":\"sig\"".
  std::string Jwk(std::string_view extra = "") const;
  // A set of this key alone.
  std::string Jwks() const;

  // "RS256", "ES256" or "EdDSA".
  std::string algorithm() const;
  // A good header and `claims`, JSON.
  std::string Sign(std::string_view claims) const;
  // Header and claims as they are, with a good signature.
  std::string Sign(std::string_view header, std::string_view claims) const;
  // Of any text: as JWS has it.
  std::string SignatureOf(std::string_view text) const;
  // PEM, as a server's administrator may have it lying about.
  std::string PublicPem() const;

 private:
  const Key kind_;
  const std::string id_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace pgsluice::testing
