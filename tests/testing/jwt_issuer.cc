#include "tests/testing/jwt_issuer.h"

#include <array>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace pgsluice::testing {
namespace {

// The caller frees it.
EVP_PKEY* NewKey(JwtIssuer::Key kind) {
  switch (kind) {
    case JwtIssuer::Key::kRsa: return EVP_RSA_gen(2048);
    case JwtIssuer::Key::kRsa1024: return EVP_RSA_gen(1024);
    case JwtIssuer::Key::kP256: return EVP_EC_gen("P-256");
    case JwtIssuer::Key::kP384: return EVP_EC_gen("P-384");
    case JwtIssuer::Key::kEd25519: break;
  }
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
}

// A number of the key, big-endian, in base64url; of `size` bytes unless 0.
std::string NumberOf(const EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1) << name;
  const int bytes = size == 0 ? BN_num_bytes(number) : size;
  std::string text(static_cast<size_t>(bytes), '\0');
  EXPECT_EQ(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), bytes),
            bytes);
  BN_free(number);
  return Base64Url(text);
}

std::string RawPublicKey(const EVP_PKEY* key) {
  std::array<unsigned char, 32> bytes{};
  size_t size = bytes.size();
  EXPECT_EQ(EVP_PKEY_get_raw_public_key(key, bytes.data(), &size), 1);
  return Base64Url({reinterpret_cast<const char*>(bytes.data()), size});
}

// r and s one behind the other.
std::string RawSignature(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
  constexpr int kHalf = 32;
  std::array<unsigned char, 2 * kHalf> raw{};
  EXPECT_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(both), raw.data(), kHalf), kHalf);
  EXPECT_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(both), raw.data() + kHalf, kHalf), kHalf);
  ECDSA_SIG_free(both);
  return {raw.begin(), raw.end()};
}

}  // namespace

std::string Base64Url(std::string_view bytes) {
  return absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()));
}

JwtIssuer::JwtIssuer(Key key, std::string id)
    : kind_(key), id_(std::move(id)), key_(NewKey(key), EVP_PKEY_free) {
  EXPECT_NE(key_, nullptr);
}

std::string JwtIssuer::algorithm() const {
  switch (kind_) {
    case Key::kRsa:
    case Key::kRsa1024: return "RS256";
    case Key::kP256: return "ES256";
    case Key::kP384: return "ES384";
    case Key::kEd25519: break;
  }
  return "EdDSA";
}

std::string JwtIssuer::Jwk(std::string_view extra) const {
  std::string jwk = "{";
  switch (kind_) {
    case Key::kRsa:
    case Key::kRsa1024:
      absl::StrAppend(&jwk, R"("kty":"RSA","n":")",
                      NumberOf(key_.get(), OSSL_PKEY_PARAM_RSA_N), R"(","e":")",
                      NumberOf(key_.get(), OSSL_PKEY_PARAM_RSA_E), "\"");
      break;
    case Key::kP256:
    case Key::kP384: {
      const int size = kind_ == Key::kP256 ? 32 : 48;
      absl::StrAppend(&jwk, R"("kty":"EC","crv":")", size == 32 ? "P-256" : "P-384",
                      R"(","x":")", NumberOf(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, size),
                      R"(","y":")", NumberOf(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size),
                      "\"");
      break;
    }
    case Key::kEd25519:
      absl::StrAppend(&jwk, R"("kty":"OKP","crv":"Ed25519","x":")",
                      RawPublicKey(key_.get()), "\"");
      break;
  }
  if (!id_.empty()) absl::StrAppend(&jwk, R"(,"kid":")", id_, "\"");
  return absl::StrCat(jwk, std::string(extra), "}");
}

std::string JwtIssuer::Jwks() const { return absl::StrCat(R"({"keys":[)", Jwk(), "]}"); }

std::string JwtIssuer::Sign(std::string_view claims) const {
  const std::string kid = id_.empty() ? "" : absl::StrCat(R"(,"kid":")", id_, "\"");
  return Sign(absl::StrCat(R"({"typ":"JWT","alg":")", algorithm(), "\"", kid, "}"),
              claims);
}

std::string JwtIssuer::Sign(std::string_view header, std::string_view claims) const {
  const std::string text = absl::StrCat(Base64Url(header), ".", Base64Url(claims));
  return absl::StrCat(text, ".", Base64Url(SignatureOf(text)));
}

std::string JwtIssuer::SignatureOf(std::string_view text) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const EVP_MD* digest = kind_ == Key::kEd25519 ? nullptr : EVP_sha256();
  EXPECT_EQ(EVP_DigestSignInit(context, nullptr, digest, nullptr, key_.get()), 1);
  size_t size = 0;
  EXPECT_EQ(EVP_DigestSign(context, nullptr, &size, bytes, text.size()), 1);
  std::string signature(size, '\0');
  EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()),
                           &size, bytes, text.size()),
            1);
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return kind_ == Key::kP256 ? RawSignature(signature) : signature;
}

std::string JwtIssuer::PublicPem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(PEM_write_bio_PUBKEY(bio, key_.get()), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

}  // namespace pgsluice::testing
