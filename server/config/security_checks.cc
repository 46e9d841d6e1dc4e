#include "server/config/security_checks.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/config/caller_methods.h"
#include "server/config/local_address.h"
#include "server/config/statement_file.h"

namespace pgsluice {

namespace {

using config::v1::Config;

bool AsksForCertificates(const config::v1::Tls& tls) {
  return tls.client_certificates() != config::v1::CLIENT_CERTIFICATES_NONE;
}

class SecurityChecker final {
 public:
  explicit SecurityChecker(const Config& config)
      : config_(config), tls_(config.server().tls()) {}

  std::vector<Complaint> Run() {
    CheckTls();
    CheckPlaintext();
    CheckAuthentication();
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
    if (authentication.enabled()) {
      if (has_tokens || AsksForCertificates(tls_)) return;
      return Fail({"authentication.enabled"},
                  "authentication.enabled: nobody could be known; give "
                  "authentication.tokens_file, or set server.tls.client_certificates");
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
  if (!is_open || config.authentication().tokens_file().empty()) return {};
  return {
      "bearer tokens come in plaintext on server.listen_address: whoever is on the way "
      "can take them, unless something else encrypts it"};
}

}  // namespace pgsluice
