// Of TLS, authentication and callers: what goes together, and what does not.
#include "server/config/security_checks.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/load_config.h"
#include "server/config/local_address.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

absl::Status Loaded(std::vector<std::string> sets) {
  ConfigSources sources;
  sources.sets = std::move(sets);
  return LoadConfig(sources).status();
}

TEST(SecurityChecksTest, AcceptsWhatGoesTogether) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"server.listen_address=localhost:1"},
      {"server.listen_address=[::1]:1"},
      {"server.listen_address=unix:/run/a.sock"},
      {"server.listen_address=0.0.0.0:1", "server.plaintext=ALLOWED"},
      {"server.listen_address=0.0.0.0:1", "server.tls.cert_file=c",
       "server.tls.key_file=k"},
      {"server.tls.cert_file=c", "server.tls.key_file=k", "server.tls.client_ca_file=a",
       "server.tls.client_certificates=REQUIRED", "authentication.enabled=true"},
      {"authentication.enabled=true", "authentication.jwt.jwks_file=k",
       "authentication.jwt.issuer=i", "authentication.jwt.audience=a",
       "callers[0].name=a", "callers[0].settings[0].name=app.tenant",
       "callers[0].settings[0].claim=tenant"},
      {"authentication.enabled=true", "authentication.tokens_file=t", "callers[0].name=a",
       "callers[1].name=b", "pools.fair_by=CALLER"},
      {"authentication.enabled=true", "authentication.tokens_file=t", "callers[0].name=a",
       "callers[0].named_only=true", "callers[0].statements=orders.*, tick",
       "named_statements.file=s"},
  };
  for (const auto& sets : cases) {
    EXPECT_TRUE(Loaded(sets).ok()) << Loaded(sets);
  }
}

TEST(SecurityChecksTest, RefusesWhatDoesNot) {
  struct Case {
    std::vector<std::string> sets;
    std::string why;
  };
  const Case cases[] = {
      {{"server.listen_address=0.0.0.0:1"}, "there is no TLS"},
      {{"server.listen_address=[::]:1"}, "there is no TLS"},
      {{"server.listen_address=127.example.com:1"}, "there is no TLS"},
      {{"server.tls.cert_file=c"}, "cert_file and key_file go together"},
      {{"server.tls.key_file=k"}, "cert_file and key_file go together"},
      {{"server.tls.client_certificates=OPTIONAL"}, "needs cert_file"},
      {{"server.tls.cert_file=c", "server.tls.key_file=k",
        "server.tls.client_certificates=OPTIONAL"},
       "needs client_ca_file"},
      {{"server.tls.client_ca_file=a"}, "client_certificates is NONE"},
      {{"authentication.enabled=true"}, "nobody could be known"},
      {{"authentication.tokens_file=t"}, "authentication.enabled is false"},
      {{"callers[0].name=a"}, "authentication.enabled is false"},
      {{"pools.fair_by=CALLER"}, "authentication.enabled is false"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].methods=data"},
       "callers[0].name: may not be empty"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[1].name=a"},
       "callers[1].name: is the name of callers[0] too"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].methods=dota"},
       "callers[0].methods: there is no method"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].named_only=true"},
       "callers[0].named_only: needs named_statements.file"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].statements=orders.*"},
       "callers[0].statements: named_only is false"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "named_statements.file=s", "callers[0].name=a", "callers[0].named_only=true",
        "callers[0].statements=a b"},
       "callers[0].statements: expected names of statements"},
      {{"authentication.jwt.jwks_file=k", "authentication.jwt.issuer=i",
        "authentication.jwt.audience=a"},
       "authentication.jwt.jwks_file: authentication.enabled is false"},
      {{"authentication.enabled=true", "authentication.jwt.jwks_file=k",
        "authentication.jwt.issuer=i"},
       "jwks_file needs issuer and audience"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "authentication.jwt.issuer=i"},
       "authentication.jwt: without jwks_file it is not used"},
      {{"authentication.enabled=true", "authentication.jwt.jwks_file=k",
        "authentication.jwt.issuer=i", "authentication.jwt.audience=a",
        "authentication.jwt.name_claim="},
       "authentication.jwt.name_claim: may not be empty"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].settings[0].name=search_path",
        "callers[0].settings[0].value=v"},
       "callers[0].settings[0].name: has to be one of your own"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].run_as=none"},
       "callers[0].run_as: is not the name of a role"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].settings[0].name=app.a",
        "callers[0].settings[0].value=v", "callers[0].settings[0].claim=c"},
       "callers[0].settings[0]: give claim or value"},
      {{"authentication.enabled=true", "authentication.tokens_file=t",
        "callers[0].name=a", "callers[0].settings[0].name=app.a",
        "callers[0].settings[0].value=v", "callers[0].settings[1].name=App.a",
        "callers[0].settings[1].value=v"},
       "callers[0].settings[1].name: is set above already"},
  };
  for (const Case& c : cases) {
    const absl::Status status = Loaded(c.sets);
    ASSERT_FALSE(status.ok()) << c.sets[0];
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
}

TEST(SecurityChecksTest, TokensInPlaintextAreWorthANote) {
  config::v1::Config config;
  config.mutable_authentication()->set_tokens_file("t");
  config.mutable_server()->set_listen_address("0.0.0.0:1");
  EXPECT_EQ(SecurityNotes(config).size(), 1u);
  config.mutable_server()->mutable_tls()->set_cert_file("c");
  EXPECT_EQ(SecurityNotes(config).size(), 0u);
}

}  // namespace
}  // namespace pgsluice
