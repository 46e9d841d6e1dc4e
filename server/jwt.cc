#include "server/jwt.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

#include "pool/str_cat.h"
#include "server/base64url.h"
#include "server/token_table.h"

namespace pgsluice {

namespace {

constexpr size_t kMostTokenBytes = 16 * 1024;
constexpr size_t kMostKeys = 100;
// Year 5138: beyond it somebody counts in milliseconds.
constexpr double kLatestTime = 1e11;

// What an access token, or a plain one, calls itself; logout tokens and the like are
// signed by the same keys.
constexpr std::array<std::string_view, 4> kTypes = {"jwt", "at+jwt", "application/jwt",
                                                    "application/at+jwt"};

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(std::string(what));
}

// The parts as they are sent.
struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;
};

absl::StatusOr<Parts> Split(std::string_view token) {
  if (token.size() > kMostTokenBytes) return Wrong("the token is too long");
  if (!HasJwtShape(token)) return Wrong("the token has not three parts");
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  return Parts{.header = token.substr(0, first),
               .payload = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .signed_text = token.substr(0, second)};
}

absl::StatusOr<JsonObject> Decode(std::string_view part, std::string_view what) {
  const std::optional<std::string> text = DecodeBase64Url(part);
  if (!text.has_value()) return Wrong(StrCat("the ", what, " is not base64url"));
  absl::StatusOr<JsonObject> object = JsonObject::Parse(*text);
  if (object.ok()) return object;
  return Wrong(StrCat("the ", what, " ", std::string(object.status().message())));
}

absl::StatusOr<const JwtKey*> KeyFor(const JsonObject& header, const JwtKeySet& keys) {
  if (header.Find("crit") != nullptr) return Wrong("the header has crit");
  const JsonValue* type = header.Find("typ");
  const bool is_known_type =
      type == nullptr || (type->kind == JsonKind::kString &&
                          std::any_of(kTypes.begin(), kTypes.end(), [&](auto known) {
                            return absl::EqualsIgnoreCase(type->text, ForAbsl(known));
                          }));
  if (!is_known_type) return Wrong("typ says that it is another kind of token");
  const std::optional<JwtAlgorithm> algorithm =
      JwtAlgorithmNamed(header.StringOf("alg").value_or(""));
  if (!algorithm.has_value()) return Wrong("alg is none of RS256, ES256 and EdDSA");
  const JsonValue* id = header.Find("kid");
  if (id != nullptr && (id->kind != JsonKind::kString || id->text.empty())) {
    return Wrong("kid is no text");
  }
  const JwtKey* key =
      keys.Find(id == nullptr ? std::nullopt : std::optional<std::string_view>(id->text),
                *algorithm);
  if (key != nullptr) return key;
  return Wrong(id == nullptr ? "it has no kid, and not exactly one key fits alg"
                             : "no key has its kid and fits alg");
}

// Absent when it is not there.
absl::StatusOr<std::optional<absl::Time>> TimeOf(const JsonObject& claims,
                                                 std::string_view name) {
  const JsonValue* value = claims.Find(name);
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  if (value->kind != JsonKind::kNumber || !absl::SimpleAtod(value->text, &seconds) ||
      !(seconds >= 0 && seconds < kLatestTime)) {
    return Wrong(StrCat(name, " is no time in seconds"));
  }
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

absl::Status TakeTimes(const JsonObject& claims, const JwtOptions& options,
                       JwtIdentity& identity) {
  const auto ends = TimeOf(claims, "exp");
  const auto begins = TimeOf(claims, "nbf");
  const auto issued = TimeOf(claims, "iat");
  for (const auto* time : {&ends, &begins, &issued}) {
    if (!time->ok()) return time->status();
  }
  if (!ends->has_value()) return Wrong("it has no exp");
  identity.ends = **ends;
  if (begins->has_value()) identity.begins = **begins;
  if (issued->has_value()) identity.begins = std::max(identity.begins, **issued);
  if (options.max_lifetime <= absl::ZeroDuration()) return absl::OkStatus();
  if (!issued->has_value()) return Wrong("it has no iat, so it may live for too long");
  if (**ends - **issued > options.max_lifetime) {
    return Wrong("it lives longer than authentication.jwt.max_lifetime");
  }
  return absl::OkStatus();
}

bool IsFor(const JsonObject& claims, const std::string& audience) {
  const JsonValue* value = claims.Find("aud");
  if (value == nullptr) return false;
  if (value->kind == JsonKind::kString) return value->text == audience;
  if (value->kind != JsonKind::kArray) return false;
  const auto listed = ParseJsonArray(value->text);
  return listed.ok() &&
         std::any_of(listed->begin(), listed->end(), [&](const JsonValue& one) {
           return one.kind == JsonKind::kString && one.text == audience;
         });
}

absl::Status TakeName(const JsonObject& claims, const JwtOptions& options,
                      JwtIdentity& identity) {
  const std::optional<std::string> name = claims.StringOf(options.name_claim);
  if (!name.has_value() || name->empty()) {
    return Wrong(StrCat("it has no text ", options.name_claim, " to be the name"));
  }
  identity.name = StrCat(options.name_prefix, *name);
  if (IsCallerName(identity.name)) return absl::OkStatus();
  return Wrong(StrCat(options.name_claim, " holds what no name of a caller may hold"));
}

}  // namespace

absl::StatusOr<JwtKeySet> JwtKeySet::Parse(std::string_view text) {
  absl::StatusOr<JsonObject> object = JsonObject::Parse(text);
  if (!object.ok()) return object.status();
  const JsonValue* list = object->Find("keys");
  if (list == nullptr || list->kind != JsonKind::kArray) {
    return Wrong("has no array \"keys\"");
  }
  const auto jwks = ParseJsonArray(list->text);
  if (!jwks.ok()) return jwks.status();
  if (jwks->size() > kMostKeys) return Wrong("holds too many keys");
  JwtKeySet set;
  for (size_t i = 0; i < jwks->size(); ++i) {
    const auto wrong = [i](const absl::Status& why) {
      return Wrong(StrCat("keys[", i, "]: ", std::string(why.message())));
    };
    if ((*jwks)[i].kind != JsonKind::kObject) return wrong(Wrong("is no object"));
    const auto jwk = JsonObject::Parse((*jwks)[i].text);
    if (!jwk.ok()) return wrong(jwk.status());
    auto key = JwtKey::FromJwk(*jwk);
    if (!key.ok()) return wrong(key.status());
    if (!key->has_value()) continue;
    const bool is_double =
        !(*key)->id().empty() && set.Find((*key)->id(), (*key)->algorithm()) != nullptr;
    if (is_double) return wrong(Wrong("has the kid of another key"));
    set.keys_.push_back(**std::move(key));
  }
  if (set.keys_.empty()) {
    return Wrong("holds no key for RS256, ES256 or EdDSA (Ed25519)");
  }
  return set;
}

const JwtKey* JwtKeySet::Find(std::optional<std::string_view> id,
                              JwtAlgorithm algorithm) const {
  const JwtKey* found = nullptr;
  for (const JwtKey& key : keys_) {
    if (key.algorithm() != algorithm) continue;
    if (id.has_value() && key.id() != *id) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

bool HasJwtShape(std::string_view token) {
  return std::count(token.begin(), token.end(), '.') == 2;
}

absl::StatusOr<JwtIdentity> VerifyJwt(std::string_view token, const JwtKeySet& keys,
                                      const JwtOptions& options, absl::Time now) {
  const absl::StatusOr<Parts> parts = Split(token);
  if (!parts.ok()) return parts.status();
  const absl::StatusOr<JsonObject> header = Decode(parts->header, "header");
  if (!header.ok()) return header.status();
  const absl::StatusOr<const JwtKey*> key = KeyFor(*header, keys);
  if (!key.ok()) return key.status();
  const std::optional<std::string> signature = DecodeBase64Url(parts->signature);
  if (!signature.has_value()) return Wrong("the signature is not base64url");
  if (!(*key)->HasSigned(parts->signed_text, *signature)) {
    return Wrong("the signature is not that of its key");
  }
  // From here on it is what the issuer has written.
  const absl::StatusOr<JsonObject> claims = Decode(parts->payload, "payload");
  if (!claims.ok()) return claims.status();
  if (claims->StringOf("iss") != options.issuer) {
    return Wrong("iss is not authentication.jwt.issuer");
  }
  if (!IsFor(*claims, options.audience)) {
    return Wrong("aud does not hold authentication.jwt.audience");
  }
  JwtIdentity identity;
  absl::Status status = TakeTimes(*claims, options, identity);
  if (status.ok()) status = CheckTimes(identity, options.leeway, now);
  if (status.ok()) status = TakeName(*claims, options, identity);
  if (!status.ok()) return status;
  for (const auto& [name, value] : claims->members()) {
    const bool is_plain = value.kind == JsonKind::kString ||
                          value.kind == JsonKind::kNumber ||
                          value.kind == JsonKind::kBool;
    if (is_plain) identity.claims.emplace(name, value.text);
  }
  return identity;
}

absl::Status CheckTimes(const JwtIdentity& identity, absl::Duration leeway,
                        absl::Time now) {
  if (now >= identity.ends + leeway) return Wrong("it has expired");
  if (now < identity.begins - leeway) return Wrong("it is not valid yet (nbf, iat)");
  return absl::OkStatus();
}

}  // namespace pgsluice
