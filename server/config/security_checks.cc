#include "server/config/security_checks.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/config/caller_methods.h"
#include "server/config/local_address.h"
#include "server/config/statement_file.h"

namespace pgsluice {

namespace {

using config::v1::Config;

bool AsksForCertificates(const config::v1::Tls& tls) {
  return tls.client_certificates() != config::v1::CLIENT_CERTIFICATES_NONE;
}

// Of settings and roles.
constexpr size_t kLongestName = 63;

// One that PostgreSQL has none of its own by: two words or more, joined by dots.
bool IsOwnSetting(const std::string& name) {
  if (name.size() > kLongestName) return false;
  const std::vector<std::string> words = absl::StrSplit(name, '.');
  return words.size() > 1 &&
         std::all_of(words.begin(), words.end(), [](const std::string& word) {
           return !word.empty() && !absl::ascii_isdigit(word.front()) &&
                  std::all_of(word.begin(), word.end(), [](unsigned char c) {
                    return absl::ascii_isalnum(c) || c == '_';
                  });
         });
}

class SecurityChecker final {
 public:
  explicit SecurityChecker(const Config& config)
      : config_(config), tls_(config.server().tls()) {}

  std::vector<Complaint> Run() {
    CheckTls();
    CheckPlaintext();
    CheckAuthentication();
    CheckAudit();
    for (int i = 0; i < config_.callers_size(); ++i) CheckCaller(i);
    return std::move(complaints_);
  }

 private:
  void Fail(std::vector<std::string> paths, std::string what) {
    complaints_.push_back({std::move(paths), std::move(what)});
  }

  void CheckTls() {
    if (tls_.cert_file().empty() != tls_.key_file().empty()) {
      Fail({"server.tls.cert_file", "server.tls.key_file"},
           "server.tls: cert_file and key_file go together");
    }
    if (AsksForCertificates(tls_) && tls_.cert_file().empty()) {
      Fail({"server.tls.client_certificates"},
           "server.tls.client_certificates: needs cert_file and key_file");
    } else if (AsksForCertificates(tls_) && tls_.client_ca_file().empty()) {
      Fail({"server.tls.client_certificates"},
           "server.tls.client_certificates: needs client_ca_file, to tell good ones");
    }
    if (!AsksForCertificates(tls_) && !tls_.client_ca_file().empty()) {
      Fail({"server.tls.client_ca_file", "server.tls.client_certificates"},
           "server.tls.client_ca_file: client_certificates is NONE, so it is not used");
    }
  }

  void CheckPlaintext() {
    const config::v1::Server& server = config_.server();
    if (!tls_.cert_file().empty() || IsLocalAddress(server.listen_address())) return;
    if (server.listen_address().empty()) return;  // Told elsewhere.
    if (server.plaintext() == config::v1::PLAINTEXT_ALLOWED) return;
    Fail({"server.listen_address"},
         absl::StrCat("server.listen_address: ", server.listen_address(),
                      " can be reached from other machines, and there is no TLS: give "
                      "server.tls.cert_file and key_file, or set server.plaintext to "
                      "ALLOWED if something else encrypts the way there"));
  }

  void CheckAuthentication() {
    const config::v1::Authentication& authentication = config_.authentication();
    const bool has_tokens = !authentication.tokens_file().empty();
    const bool has_jwt = !authentication.jwt().jwks_file().empty();
    CheckJwt();
    if (authentication.enabled()) {
      if (has_tokens || has_jwt || AsksForCertificates(tls_)) return;
      return Fail({"authentication.enabled"},
                  "authentication.enabled: nobody could be known; give "
                  "authentication.tokens_file or authentication.jwt.jwks_file, or set "
                  "server.tls.client_certificates");
    }
    if (has_jwt) {
      Fail({"authentication.jwt.jwks_file"},
           "authentication.jwt.jwks_file: authentication.enabled is false, so it is not "
           "used");
    }
    if (has_tokens) {
      Fail({"authentication.tokens_file"},
           "authentication.tokens_file: authentication.enabled is false, so it is not "
           "used");
    }
    if (config_.callers_size() > 0) {
      Fail({"callers[0].name"},
           "callers: authentication.enabled is false, so they are not used");
    }
    if (config_.pools().fair_by() == config::v1::FAIR_BY_CALLER) {
      Fail({"pools.fair_by"},
           "pools.fair_by: is CALLER, but authentication.enabled is false");
    }
  }

  void CheckAudit() {
    const absl::StatusOr<MethodSet> methods = ParseMethods(config_.audit().methods());
    if (methods.ok()) return;
    Fail({"audit.methods"},
         absl::StrCat("audit.methods: ", std::string(methods.status().message())));
  }

  void CheckJwt() {
    const config::v1::Jwt& jwt = config_.authentication().jwt();
    if (jwt.jwks_file().empty()) {
      if (jwt.issuer().empty() && jwt.audience().empty()) return;
      return Fail({"authentication.jwt.jwks_file"},
                  "authentication.jwt: without jwks_file it is not used");
    }
    if (jwt.issuer().empty() || jwt.audience().empty()) {
      Fail({"authentication.jwt.issuer", "authentication.jwt.audience"},
           "authentication.jwt: jwks_file needs issuer and audience, or tokens for "
           "others would be taken");
    }
    if (jwt.name_claim().empty()) {
      Fail({"authentication.jwt.name_claim"},
           "authentication.jwt.name_claim: may not be empty");
    }
  }

  void CheckSettings(const config::v1::CallerPolicy& caller, const std::string& path) {
    std::set<std::string> names;
    for (int i = 0; i < caller.settings_size(); ++i) {
      const config::v1::CallerSetting& setting = caller.settings(i);
      const std::string place = absl::StrCat(path, ".settings[", i, "]");
      if (!IsOwnSetting(setting.name())) {
        Fail({place + ".name"},
             absl::StrCat(place,
                          ".name: has to be one of your own, with a dot, as in "
                          "app.tenant: letters, digits and _"));
      } else if (!names.insert(absl::AsciiStrToLower(setting.name())).second) {
        Fail({place + ".name"}, absl::StrCat(place, ".name: is set above already"));
      }
      if (setting.claim().empty() == setting.value().empty()) {
        Fail({place + ".claim", place + ".value"},
             absl::StrCat(place, ": give claim or value, and not both"));
      }
    }
  }

  void CheckCaller(int index) {
    const config::v1::CallerPolicy& caller = config_.callers(index);
    const std::string path = absl::StrCat("callers[", index, "]");
    if (caller.name().empty()) {
      Fail({path + ".name"}, absl::StrCat(path, ".name: may not be empty"));
    }
    for (int i = 0; i < index; ++i) {
      if (config_.callers(i).name() != caller.name()) continue;
      Fail({path + ".name"},
           absl::StrCat(path, ".name: is the name of callers[", i, "] too"));
      break;
    }
    CheckStatements(caller, path);
    CheckSettings(caller, path);
    if (caller.run_as() == "none" || caller.run_as().size() > kLongestName) {
      Fail({path + ".run_as"}, absl::StrCat(path, ".run_as: is not the name of a role"));
    }
    const absl::StatusOr<MethodSet> methods = ParseMethods(caller.methods());
    if (methods.ok()) return;
    Fail({path + ".methods"},
         absl::StrCat(path, ".methods: ", std::string(methods.status().message())));
  }

  void CheckStatements(const config::v1::CallerPolicy& caller, const std::string& path) {
    const auto patterns = ParseStatementPatterns(caller.statements());
    if (!patterns.ok()) {
      Fail({path + ".statements"},
           absl::StrCat(path, ".statements: ", std::string(patterns.status().message())));
    } else if (caller.statements() != "*" && !caller.named_only()) {
      Fail({path + ".statements", path + ".named_only"},
           absl::StrCat(
               path, ".statements: named_only is false, so the caller may run any SQL"));
    }
    if (!caller.named_only() || !config_.named_statements().file().empty()) return;
    Fail({path + ".named_only", "named_statements.file"},
         absl::StrCat(
             path, ".named_only: needs named_statements.file, else it may run nothing"));
  }

  const Config& config_;
  const config::v1::Tls& tls_;
  std::vector<Complaint> complaints_;
};

}  // namespace

std::vector<Complaint> CheckSecurity(const Config& config) {
  return SecurityChecker(config).Run();
}

std::vector<std::string> SecurityNotes(const Config& config) {
  const config::v1::Server& server = config.server();
  const bool is_open =
      server.tls().cert_file().empty() && !IsLocalAddress(server.listen_address());
  const config::v1::Authentication& authentication = config.authentication();
  const bool has_tokens =
      !authentication.tokens_file().empty() || !authentication.jwt().jwks_file().empty();
  if (!is_open || !has_tokens) return {};
  return {
      "bearer tokens come in plaintext on server.listen_address: whoever is on the way "
      "can take them, unless something else encrypts it"};
}

}  // namespace pgsluice
