// The main port's certificate, callers and named statements: who may talk to the server,
// and how.
#include <grpcpp/security/server_credentials.h>
#include <utility>

#include "absl/time/clock.h"

#include "pool/str_cat.h"
#include "server/config/cluster_options.h"
#include "server/log.h"
#include "server/server.h"
#include "server/tls_credentials.h"

namespace pgsluice {

absl::Status Server::LoadSecrets() {
  const config::v1::Tls& tls = config_.server().tls();
  const bool has_tls = !tls.cert_file().empty();
  if (has_tls) {
    auto loaded =
        CertificateStore::Load({.cert_file = tls.cert_file(),
                                .key_file = tls.key_file(),
                                .client_ca_file = tls.client_ca_file(),
                                .expiry_warning = ToDuration(tls.expiry_warning())},
                               absl::Now());
    if (!loaded.ok()) {
      return absl::InvalidArgumentError(
          StrCat("server.tls: ", std::string(loaded.status().message())));
    }
    certificates_ = *std::move(loaded);
  }
  const CallerRules rules = CallerRulesOf(config_);
  absl::Status tokens = secrets_.tokens.Follow(rules.tokens_file);
  if (!tokens.ok()) {
    return absl::InvalidArgumentError(
        StrCat("authentication.tokens_file: ", std::string(tokens.message())));
  }
  absl::Status named = named_statements_.Follow(config_.named_statements().file());
  if (!named.ok()) {
    return absl::InvalidArgumentError(
        StrCat("named_statements.file: ", std::string(named.message())));
  }
  // Calls may come before the settings have been applied.
  for (size_t i = 0; i < environments_.size(); ++i) {
    environments_[i]->book = named_statements_.book();
    gates_[i]->Reconfigure(callers_);
  }
  if (absl::Status jwt = secrets_.jwts.Follow(rules.jwt); !jwt.ok()) {
    return absl::InvalidArgumentError(
        StrCat("authentication.jwt.jwks_file: ", std::string(jwt.message())));
  }
  return absl::OkStatus();
}

void Server::WatchFiles() {
  const bool has_files = certificates_ != nullptr || secrets_.tokens.has_file() ||
                         secrets_.jwts.has_file() || named_statements_.has_file();
  if (!has_files) file_watch_.reset();
  if (!has_files || file_watch_ != nullptr) return;
  file_watch_ = std::make_unique<FileWatch>([this] {
    if (certificates_ != nullptr) certificates_->Look(absl::Now());
    secrets_.tokens.Look();
    secrets_.jwts.Look();
    if (named_statements_.Look()) reloader_->ApplyAgain();
  });
}

void Server::ApplyStatements(const std::string& file) {
  if (absl::Status named = named_statements_.Follow(file); !named.ok()) {
    Log(LogLevel::kError, "the named statements are no good; those of before stay in use",
        {{"why", std::string(named.message())}});
  }
}

std::shared_ptr<grpc::ServerCredentials> Server::MakeCredentials() {
  if (certificates_ == nullptr) return grpc::InsecureServerCredentials();
  return MakeTlsCredentials(*certificates_, config_.server().tls().client_certificates());
}

void Server::ApplyCallers(const CallerRules& rules) {
  // Does nothing while the path is as it was: the watch does the rest.
  if (absl::Status tokens = secrets_.tokens.Follow(rules.tokens_file); !tokens.ok()) {
    Log(LogLevel::kError, "the tokens are no good; those of before stay in use",
        {{"why", std::string(tokens.message())}});
  }
  if (absl::Status jwt = secrets_.jwts.Follow(rules.jwt); !jwt.ok()) {
    Log(LogLevel::kError, "the keys of tokens are no good; those of before stay in use",
        {{"why", std::string(jwt.message())}});
  }
  callers_ = MakeCallerBook(rules.policies, callers_.get());
}

void Server::ApplyAudit(const AuditOptions& options) {
  if (absl::Status audit = audit_.Configure(options); !audit.ok()) {
    Log(LogLevel::kError, "the audit's file is no good; the one before stays in use",
        {{"why", std::string(audit.message())}});
  }
}

}  // namespace pgsluice
