// Which JSON Web Tokens are good, and which are not, whoever has made them.
#include "server/jwt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/verified_tokens.h"
#include "tests/testing/jwt_issuer.h"

namespace pgsluice {
namespace {

using testing::Base64Url;
using ::testing::HasSubstr;
using testing::JwtIssuer;
using ::testing::Not;

constexpr int64_t kNow = 1'700'000'000;
const absl::Time kTime = absl::FromUnixSeconds(kNow);

JwtOptions Options() {
  return {.jwks_file = "k",
          .issuer = "https://issuer",
          .audience = "gateway",
          .leeway = absl::Seconds(30)};
}

// Good ones, with `more` of them: ",\"tenant\":\"a\"".
std::string Claims(std::string_view more = "", int64_t exp = kNow + 60) {
  return absl::StrCat(R"({"iss":"https://issuer","aud":"gateway","sub":"app","exp":)",
                      exp, std::string(more), "}");
}

JwtKeySet KeysOf(const JwtIssuer& issuer) {
  absl::StatusOr<JwtKeySet> keys = JwtKeySet::Parse(issuer.Jwks());
  EXPECT_TRUE(keys.ok()) << keys.status();
  return keys.ok() ? *std::move(keys) : JwtKeySet();
}

std::string Verdict(std::string_view token, const JwtKeySet& keys,
                    const JwtOptions& options = Options()) {
  return std::string(VerifyJwt(token, keys, options, kTime).status().message());
}

TEST(JwtTest, TakesTokensOfEachAlgorithm) {
  for (const auto kind :
       {JwtIssuer::Key::kRsa, JwtIssuer::Key::kP256, JwtIssuer::Key::kEd25519}) {
    const JwtIssuer issuer(kind);
    const JwtKeySet keys = KeysOf(issuer);
    const std::string token =
        issuer.Sign(Claims(",\"tenant\":\"a\",\"n\":12345678901234567,"
                           "\"b\":true,\"l\":[1],\"z\":null"));

    const auto identity = VerifyJwt(token, keys, Options(), kTime);

    ASSERT_TRUE(identity.ok()) << issuer.algorithm() << " " << identity.status();
    EXPECT_EQ(identity->name, "app");
    EXPECT_EQ(identity->ends, absl::FromUnixSeconds(kNow + 60));
    EXPECT_EQ(identity->claims.at("tenant"), "a");
    EXPECT_EQ(identity->claims.at("n"), "12345678901234567");
    EXPECT_EQ(identity->claims.at("b"), "true");
    EXPECT_FALSE(identity->claims.contains("l"));
    EXPECT_FALSE(identity->claims.contains("z"));

    EXPECT_THAT(Verdict(JwtIssuer(kind).Sign(Claims()), keys), HasSubstr("signature"))
        << "of another key with the same kid";
  }
}

TEST(JwtTest, LooksAtTheClaims) {
  const JwtIssuer issuer(JwtIssuer::Key::kEd25519);
  const JwtKeySet keys = KeysOf(issuer);
  struct Case {
    std::string claims;
    std::string_view why;  // Empty: it is good.
  };
  const auto with = [](std::string_view claims) {
    return absl::StrCat(R"({"iss":"https://issuer","sub":"app",)", std::string(claims),
                        "}");
  };
  const Case cases[] = {
      {Claims("", kNow - 29), ""},
      {Claims("", kNow - 31), "expired"},
      {Claims(absl::StrCat(",\"nbf\":", kNow + 29)), ""},
      {Claims(absl::StrCat(",\"nbf\":", kNow + 31)), "not valid yet"},
      {Claims(absl::StrCat(",\"iat\":", kNow + 31)), "not valid yet"},
      {Claims(absl::StrCat(",\"iat\":", kNow, ".5")), ""},
      {Claims(",\"iat\":\"1\""), "iat is no time"},
      {Claims(",\"nbf\":-1"), "nbf is no time"},
      {Claims(",\"nbf\":1e20"), "nbf is no time"},
      {Claims(",\"nbf\":1e400"), "it cannot be read"},
      {with("\"aud\":\"gateway\",\"exp\":1e12"), "exp is no time"},
      {with("\"aud\":\"gateway\""), "no exp"},
      {with("\"exp\":1700000060"), "aud"},
      {with("\"aud\":\"other\",\"exp\":1700000060"), "aud"},
      {with("\"aud\":\"gateway2\",\"exp\":1700000060"), "aud"},
      {with("\"aud\":[\"other\",\"gateway\"],\"exp\":1700000060"), ""},
      {with("\"aud\":[\"other\",[\"gateway\"]],\"exp\":1700000060"), "aud"},
      {with("\"aud\":[],\"exp\":1700000060"), "aud"},
      {with("\"aud\":{\"gateway\":1},\"exp\":1700000060"), "aud"},
      {R"({"iss":"https://issuer/","aud":"gateway","sub":"app","exp":1700000060})",
       "iss"},
      {R"({"aud":"gateway","sub":"app","exp":1700000060})", "iss"},
      {R"({"iss":["https://issuer"],"aud":"gateway","sub":"app","exp":1700000060})",
       "iss"},
      {R"({"iss":"https://issuer","aud":"gateway","exp":1700000060})", "no text sub"},
      {R"({"iss":"https://issuer","aud":"gateway","sub":"","exp":1700000060})",
       "no text sub"},
      {R"({"iss":"https://issuer","aud":"gateway","sub":7,"exp":1700000060})",
       "no text sub"},
      {R"({"iss":"https://issuer","aud":"gateway","sub":"a b","exp":1700000060})",
       "what no name"},
      {R"({"iss":"https://issuer","aud":"gateway","sub":"auth0|a","exp":1700000060})",
       ""},
      {Claims(",\"sub\":\"operator\""), "a name comes twice"},
      {Claims() + "x", "it cannot be read"},
      {"[]", "it is no object"},
  };
  for (const Case& c : cases) {
    const std::string verdict = Verdict(issuer.Sign(c.claims), keys);
    if (c.why.empty()) {
      EXPECT_EQ(verdict, "") << c.claims;
    } else {
      EXPECT_THAT(verdict, HasSubstr(std::string(c.why))) << c.claims;
    }
  }
}

TEST(JwtTest, LooksAtTheHeader) {
  const JwtIssuer issuer(JwtIssuer::Key::kP256);
  const JwtKeySet keys = KeysOf(issuer);
  struct Case {
    std::string header;
    std::string_view why;
  };
  const Case cases[] = {
      {R"({"alg":"ES256","kid":"k1"})", ""},
      {R"({"alg":"ES256"})", ""},  // There is one that fits.
      {R"({"alg":"ES256","typ":"at+JWT"})", ""},
      {R"({"alg":"ES256","typ":"application/jwt"})", ""},
      {R"({"alg":"ES256","typ":"logout+jwt"})", "another kind of token"},
      {R"({"alg":"ES256","typ":1})", "another kind of token"},
      {R"({"alg":"ES256","kid":"k2"})", "no key has its kid"},
      {R"({"alg":"ES256","kid":""})", "kid is no text"},
      {R"({"alg":"ES256","kid":1})", "kid is no text"},
      {R"({"alg":"ES256","kid":"k1","crit":[]})", "crit"},
      {R"({"alg":"ES256","kid":"k1","crit":["exp"]})", "crit"},
      {R"({"alg":"RS256","kid":"k1"})", "no key has its kid and fits alg"},
      {R"({"alg":"EdDSA","kid":"k1"})", "no key has its kid and fits alg"},
      {R"({"alg":"es256","kid":"k1"})", "alg is none of"},
      {R"({"alg":"none"})", "alg is none of"},
      {R"({"alg":"None","kid":"k1"})", "alg is none of"},
      {R"({"alg":"HS256","kid":"k1"})", "alg is none of"},
      {R"({"alg":["ES256"],"kid":"k1"})", "alg is none of"},
      {R"({"kid":"k1"})", "alg is none of"},
      {R"({"alg":"none","alg":"ES256","kid":"k1"})", "a name comes twice"},
      {R"({"alg":"ES256","kid":"k1"}})", "it cannot be read"},
      {"", "it cannot be read"},
  };
  for (const Case& c : cases) {
    const std::string verdict = Verdict(issuer.Sign(c.header, Claims()), keys);
    if (c.why.empty()) {
      EXPECT_EQ(verdict, "") << c.header;
    } else {
      EXPECT_THAT(verdict, HasSubstr(std::string(c.why))) << c.header;
    }
  }
}

TEST(JwtTest, NobodySignsWithWhatIsPublic) {
  const JwtIssuer issuer(JwtIssuer::Key::kRsa);
  const JwtKeySet keys = KeysOf(issuer);
  for (const std::string& secret : {issuer.PublicPem(), issuer.Jwk()}) {
    for (const char* alg : {"HS256", "RS256"}) {
      const std::string text =
          absl::StrCat(Base64Url(absl::StrCat(R"({"kid":"k1","alg":")", alg, "\"}")), ".",
                       Base64Url(Claims()));
      unsigned char mac[EVP_MAX_MD_SIZE];
      unsigned int size = 0;
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
      const std::string signature(reinterpret_cast<char*>(mac), size);
      EXPECT_NE(Verdict(absl::StrCat(text, ".", Base64Url(signature)), keys), "") << alg;
    }
  }
}

TEST(JwtTest, EveryByteCounts) {
  for (const auto kind :
       {JwtIssuer::Key::kRsa, JwtIssuer::Key::kP256, JwtIssuer::Key::kEd25519}) {
    const JwtIssuer issuer(kind);
    const JwtKeySet keys = KeysOf(issuer);
    const std::string token = issuer.Sign(Claims());
    ASSERT_EQ(Verdict(token, keys), "");

    for (size_t i = 0; i < token.size(); i += kind == JwtIssuer::Key::kRsa ? 5 : 1) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_NE(Verdict(changed, keys), "") << issuer.algorithm() << " " << i;
    }
    for (const size_t size : {size_t{0}, size_t{10}, token.size() - 1}) {
      EXPECT_NE(Verdict(token.substr(0, size), keys), "");
    }
    EXPECT_NE(Verdict(token + "A", keys), "");
    EXPECT_NE(Verdict(token + "=", keys), "");
    EXPECT_NE(Verdict(token.substr(0, token.rfind('.') + 1), keys), "") << "unsigned";
    EXPECT_NE(Verdict(token + ".x", keys), "");
    EXPECT_NE(Verdict(" " + token, keys), "");
  }
}

TEST(JwtTest, RefusesSignaturesOfZeros) {
  const JwtIssuer issuer(JwtIssuer::Key::kP256);
  const std::string token = issuer.Sign(Claims());
  const std::string text = token.substr(0, token.rfind('.') + 1);
  const JwtKeySet keys = KeysOf(issuer);
  for (const size_t size : {size_t{0}, size_t{63}, size_t{64}, size_t{65}, size_t{70}}) {
    EXPECT_NE(Verdict(text + Base64Url(std::string(size, '\0')), keys), "") << size;
  }
}

TEST(JwtTest, RefusesWhatIsTooLong) {
  const JwtIssuer issuer(JwtIssuer::Key::kEd25519);
  const std::string claims =
      Claims(absl::StrCat(",\"x\":\"", std::string(16 * 1024, 'x'), "\""));
  EXPECT_THAT(Verdict(issuer.Sign(claims), KeysOf(issuer)), HasSubstr("too long"));
}

TEST(JwtTest, VerdictsTellNothingOfTheToken) {
  const JwtIssuer issuer(JwtIssuer::Key::kEd25519);
  const JwtKeySet keys = KeysOf(issuer);
  const std::string cases[] = {
      issuer.Sign(Claims(",\"topsecret\":1,\"topsecret\":1")),
      issuer.Sign(R"({"alg":"topsecret"})", Claims()),
      issuer.Sign(R"({"alg":"EdDSA","kid":"topsecret"})", Claims()),
      issuer.Sign(R"({"iss":"topsecret"})"),
      "topsecret.topsecret.topsecret",
  };
  for (const std::string& token : cases) {
    EXPECT_THAT(Verdict(token, keys), Not(HasSubstr("topsecret")));
    EXPECT_NE(Verdict(token, keys), "");
  }
}

TEST(JwtTest, TakesNameAndPrefixFromTheOptions) {
  const JwtIssuer issuer(JwtIssuer::Key::kEd25519);
  JwtOptions options = Options();
  options.name_claim = "client_id";
  options.name_prefix = "jwt:";

  const auto identity = VerifyJwt(issuer.Sign(Claims(",\"client_id\":\"operator\"")),
                                  KeysOf(issuer), options, kTime);

  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->name, "jwt:operator");
}

TEST(JwtTest, MayBeBoundToALifetime) {
  const JwtIssuer issuer(JwtIssuer::Key::kEd25519);
  const JwtKeySet keys = KeysOf(issuer);
  JwtOptions options = Options();
  options.max_lifetime = absl::Seconds(100);
  const auto verdict = [&](std::string_view more) {
    return Verdict(issuer.Sign(Claims(more)), keys, options);
  };

  EXPECT_EQ(verdict(absl::StrCat(",\"iat\":", kNow - 40)), "");
  EXPECT_THAT(verdict(absl::StrCat(",\"iat\":", kNow - 41)), HasSubstr("max_lifetime"));
  EXPECT_THAT(verdict(""), HasSubstr("no iat"));
}

TEST(JwtKeySetTest, FindsTheOneKeyThatFits) {
  const JwtIssuer one(JwtIssuer::Key::kEd25519, "one");
  const JwtIssuer two(JwtIssuer::Key::kEd25519, "two");
  const JwtIssuer other(JwtIssuer::Key::kP256, "two");
  const JwtIssuer nameless(JwtIssuer::Key::kRsa, "");
  const auto keys = JwtKeySet::Parse(absl::StrCat(
      R"({"extra":{},"keys":[)", one.Jwk(), ",", two.Jwk(R"(,"use":"sig","x5c":[])"), ",",
      other.Jwk(R"(,"alg":"ES256","key_ops":["verify"])"), ",", nameless.Jwk(), "]}"));

  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->size(), 4u);
  EXPECT_EQ(Verdict(one.Sign(Claims()), *keys), "");
  EXPECT_EQ(Verdict(two.Sign(Claims()), *keys), "");
  EXPECT_EQ(Verdict(other.Sign(Claims()), *keys), "");
  EXPECT_EQ(Verdict(nameless.Sign(Claims()), *keys), "");
  EXPECT_THAT(Verdict(one.Sign(R"({"alg":"EdDSA"})", Claims()), *keys),
              HasSubstr("not exactly one key fits"));
  EXPECT_THAT(Verdict(one.Sign(R"({"alg":"EdDSA","kid":"two"})", Claims()), *keys),
              HasSubstr("signature"));
  EXPECT_THAT(Verdict(nameless.Sign(R"({"alg":"RS256","kid":"one"})", Claims()), *keys),
              HasSubstr("no key has its kid"));
}

TEST(JwtKeySetTest, LeavesOutKeysForSomethingElse) {
  const JwtIssuer good(JwtIssuer::Key::kP256, "good");
  const JwtIssuer rsa(JwtIssuer::Key::kRsa, "rsa");
  const JwtIssuer curve(JwtIssuer::Key::kP384, "curve");
  const std::vector<std::string> others = {rsa.Jwk(R"(,"use":"enc")"),
                                           rsa.Jwk(R"(,"alg":"PS256")"),
                                           rsa.Jwk(R"(,"alg":"RSA-OAEP")"),
                                           rsa.Jwk(R"(,"key_ops":["encrypt"])"),
                                           good.Jwk(R"(,"alg":"HS256")"),
                                           curve.Jwk(),
                                           R"({"kty":"OKP","crv":"X25519","x":"A"})"};
  std::string all = good.Jwk();
  for (const std::string& other : others) {
    absl::StrAppend(&all, ",", other);
    EXPECT_THAT(
        JwtKeySet::Parse(absl::StrCat(R"({"keys":[)", other, "]}")).status().message(),
        HasSubstr("holds no key"))
        << other;
  }
  const auto keys = JwtKeySet::Parse(absl::StrCat(R"({"keys":[)", all, "]}"));
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->size(), 1u);
}

TEST(JwtKeySetTest, RefusesKeysThatNobodyShouldUse) {
  const JwtIssuer good(JwtIssuer::Key::kP256, "good");
  const JwtIssuer weak(JwtIssuer::Key::kRsa1024, "weak");
  const JwtIssuer rsa(JwtIssuer::Key::kRsa, "rsa");
  struct Case {
    std::string text;
    std::string_view why;
  };
  const auto set = [&](const std::string& jwk) {
    return absl::StrCat(R"({"keys":[)", good.Jwk(), ",", jwk, "]}");
  };
  const Case cases[] = {
      {"", "it cannot be read"},
      {"[]", "it is no object"},
      {"{}", "has no array"},
      {R"({"keys":{}})", "has no array"},
      {R"({"keys":[]})", "holds no key"},
      {R"({"keys":[1]})", "keys[0]: is no object"},
      {set("{}"), "keys[1]: a key has no kty"},
      {set(weak.Jwk()), "keys[1]: an RSA key has 1024 bits"},
      {set(R"({"kty":"RSA"})"), "no good n and e"},
      {set(R"({"kty":"RSA","n":"!","e":"AQAB"})"), "no good n and e"},
      {set(absl::StrCat(R"({"kty":"RSA","e":"AQ","n":")", std::string(344, 'z'), "\"}")),
       "RSA"},
      {set(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), "no good x and y"},
      {set(absl::StrCat(R"({"kty":"EC","crv":"P-256","x":")", std::string(43, 'A'),
                        R"(","y":")", std::string(43, 'A'), "\"}")),
       "no point of the curve"},
      {set(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), "no good x"},
      {set(R"({"kty":"oct","k":"topsecret"})"), "a secret one"},
      {set(rsa.Jwk(R"(,"d":"topsecret")")), "a secret one"},
      {set(good.Jwk()), "keys[1]: has the kid of another key"},
      {set(R"({"kty":"EC","kty":"RSA"})"), "a name comes twice"},
  };
  for (const Case& c : cases) {
    const std::string message(JwtKeySet::Parse(c.text).status().message());
    EXPECT_THAT(message, HasSubstr(std::string(c.why)));
    EXPECT_THAT(message, Not(HasSubstr("topsecret")));
  }
}

TEST(VerifiedTokensTest, HoldsOnlySoMany) {
  VerifiedTokens tokens(160);
  const auto identity = [](absl::Time ends) {
    auto made = std::make_shared<JwtIdentity>();
    made->ends = ends;
    return std::shared_ptr<const JwtIdentity>(std::move(made));
  };
  for (int i = 0; i < 1000; ++i) {
    tokens.Insert(VerifiedTokens::DigestOf(absl::StrCat(i)), identity(kTime), kTime);
  }
  EXPECT_LE(tokens.size(), 176u);

  const auto digest = VerifiedTokens::DigestOf("new");
  EXPECT_EQ(tokens.Find(digest), nullptr);
  tokens.Insert(digest, identity(kTime + absl::Hours(1)), kTime);
  ASSERT_NE(tokens.Find(digest), nullptr);
  EXPECT_EQ(tokens.Find(digest)->ends, kTime + absl::Hours(1));
}

}  // namespace
}  // namespace pgsluice
