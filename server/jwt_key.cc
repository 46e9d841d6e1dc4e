#include "server/jwt_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base64url.h"

namespace pgsluice {

namespace {

constexpr int kLeastRsaBits = 2048;
// Larger ones take long to check with, and nobody has them.
constexpr int kMostRsaBits = 8192;
constexpr size_t kP256Bytes = 32;
constexpr size_t kEd25519Bytes = 32;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using Key = std::shared_ptr<EVP_PKEY>;

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(std::string(what));
}

const unsigned char* BytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number NumberOf(std::string_view bytes) {
  return Number(BN_bin2bn(BytesOf(bytes), static_cast<int>(bytes.size()), nullptr));
}

// A member in base64url; empty when there is none that is good.
std::string BytesOf(const JsonObject& jwk, std::string_view name) {
  const std::optional<std::string> text = jwk.StringOf(name);
  return text.has_value() ? DecodeBase64Url(*text).value_or("") : "";
}

// Null when OpenSSL takes no such key.
Key KeyOf(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (params == nullptr || context == nullptr ||
      EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  Key key(made, [](EVP_PKEY* owned) { EVP_PKEY_free(owned); });
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return key;
}

absl::StatusOr<Key> RsaKey(const JsonObject& jwk) {
  const Number n = NumberOf(BytesOf(jwk, "n"));
  const Number e = NumberOf(BytesOf(jwk, "e"));
  const int bits = BN_num_bits(n.get());
  if (bits == 0 || BN_is_zero(e.get())) return Wrong("an RSA key has no good n and e");
  if (bits < kLeastRsaBits) {
    return Wrong(absl::StrCat("an RSA key has ", bits, " bits, fewer than the ",
                              kLeastRsaBits, " that are safe"));
  }
  if (bits > kMostRsaBits) {
    return Wrong(absl::StrCat("an RSA key has more than ", kMostRsaBits, " bits"));
  }
  // 3 to 2^32: an exponent of 1 would make every text its own signature.
  if (BN_is_one(e.get()) || !BN_is_odd(e.get()) || BN_num_bits(e.get()) > 33) {
    return Wrong("an RSA key has an exponent that is no good");
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  Key key = KeyOf("RSA", builder.get());
  if (key == nullptr) return Wrong("an RSA key is no good");
  return key;
}

absl::StatusOr<Key> P256Key(const JsonObject& jwk) {
  const std::string x = BytesOf(jwk, "x");
  const std::string y = BytesOf(jwk, "y");
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) {
    return Wrong("a P-256 key has no good x and y");
  }
  const std::string point = absl::StrCat("\x04", x, y);  // Uncompressed.
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  Key key = KeyOf("EC", builder.get());
  if (key == nullptr) return Wrong("a P-256 key is no point of the curve");
  return key;
}

absl::StatusOr<Key> Ed25519Key(const JsonObject& jwk) {
  const std::string x = BytesOf(jwk, "x");
  if (x.size() != kEd25519Bytes) return Wrong("an Ed25519 key has no good x");
  EVP_PKEY* made =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, BytesOf(x), x.size());
  if (made == nullptr) return Wrong("an Ed25519 key is no good");
  return Key(made, [](EVP_PKEY* owned) { EVP_PKEY_free(owned); });
}

// By type and curve.
std::optional<JwtAlgorithm> AlgorithmFor(const JsonObject& jwk) {
  const std::string type = jwk.StringOf("kty").value_or("");
  const std::string curve = jwk.StringOf("crv").value_or("");
  if (type == "RSA") return JwtAlgorithm::kRs256;
  if (type == "EC" && curve == "P-256") return JwtAlgorithm::kEs256;
  if (type == "OKP" && curve == "Ed25519") return JwtAlgorithm::kEdDsa;
  return std::nullopt;
}

bool IsForVerifying(const JsonObject& jwk) {
  if (jwk.Find("use") != nullptr && jwk.StringOf("use") != "sig") return false;
  const JsonValue* operations = jwk.Find("key_ops");
  if (operations == nullptr) return true;
  const auto listed = ParseJsonArray(operations->text);
  if (!listed.ok()) return false;
  for (const JsonValue& operation : *listed) {
    if (operation.kind == JsonKind::kString && operation.text == "verify") return true;
  }
  return false;
}

// JWS has both numbers one behind the other; OpenSSL wants DER.
std::string DerOf(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) return "";
  const EcdsaSignature both(ECDSA_SIG_new());
  Number r = NumberOf(signature.substr(0, kP256Bytes));
  Number s = NumberOf(signature.substr(kP256Bytes));
  if (both == nullptr || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return "";
  (void)r.release();  // Both are its own now.
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0) return "";
  std::string text(der, der + size);
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::optional<JwtAlgorithm> JwtAlgorithmNamed(std::string_view name) {
  if (name == "RS256") return JwtAlgorithm::kRs256;
  if (name == "ES256") return JwtAlgorithm::kEs256;
  if (name == "EdDSA") return JwtAlgorithm::kEdDsa;
  return std::nullopt;
}

absl::StatusOr<std::optional<JwtKey>> JwtKey::FromJwk(const JsonObject& jwk) {
  const std::string type = jwk.StringOf("kty").value_or("");
  if (type.empty()) return Wrong("a key has no kty");
  if (type == "oct" || jwk.Find("d") != nullptr || jwk.Find("k") != nullptr) {
    return Wrong("a key is a secret one; only public keys belong here");
  }
  const std::optional<JwtAlgorithm> algorithm = AlgorithmFor(jwk);
  if (!algorithm.has_value() || !IsForVerifying(jwk)) return std::nullopt;
  if (jwk.Find("alg") != nullptr &&
      JwtAlgorithmNamed(jwk.StringOf("alg").value_or("")) != algorithm) {
    return std::nullopt;  // RSA for PS256, say.
  }
  absl::StatusOr<Key> key;
  switch (*algorithm) {
    case JwtAlgorithm::kRs256: key = RsaKey(jwk); break;
    case JwtAlgorithm::kEs256: key = P256Key(jwk); break;
    case JwtAlgorithm::kEdDsa: key = Ed25519Key(jwk); break;
  }
  ERR_clear_error();  // What failed here is nothing to the next TLS on the thread.
  if (!key.ok()) return key.status();
  JwtKey made;
  made.id_ = jwk.StringOf("kid").value_or("");
  made.algorithm_ = *algorithm;
  made.key_ = *std::move(key);
  return made;
}

bool JwtKey::HasSigned(std::string_view text, std::string_view signature) const {
  const bool is_ecdsa = algorithm_ == JwtAlgorithm::kEs256;
  const std::string der = is_ecdsa ? DerOf(signature) : std::string();
  if (is_ecdsa) signature = der;
  if (signature.empty()) return false;
  const DigestContext context(EVP_MD_CTX_new());
  // Ed25519 has a digest of its own. RSA's padding is that of PKCS #1, by default.
  const EVP_MD* digest = algorithm_ == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  const bool has_signed =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), BytesOf(signature), signature.size(), BytesOf(text),
                       text.size()) == 1;
  ERR_clear_error();
  return has_signed;
}

}  // namespace pgsluice
