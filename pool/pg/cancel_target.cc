#include "pool/pg/cancel_target.h"

#include <cstring>
#include <openssl/x509v3.h>
#include <string_view>
#include <sys/un.h>
#include <utility>

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::string OptionOf(PGconn* connection, std::string_view keyword) {
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfo(connection));
  if (options == nullptr) return "";
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr;
       ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return "";
}

// As libpq makes it: the server may know its own socket by another path.
bool FillSocketPath(PGconn* connection, CancelTarget& target) {
  const std::string path = StrCat(PQhost(connection), "/.s.PGSQL.", PQport(connection));
  auto& address = reinterpret_cast<sockaddr_un&>(target.address);
  if (path.size() >= sizeof(address.sun_path)) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  target.address_size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // An abstract one has no file, and no end but its length.
  if (path.front() == '@') {
    address.sun_path[0] = '\0';
  } else {
    ++target.address_size;
  }
  return true;
}

bool FillAddress(PGconn* connection, CancelTarget& target) {
  target.address_size = sizeof(target.address);
  if (getpeername(PQsocket(connection), reinterpret_cast<sockaddr*>(&target.address),
                  &target.address_size) != 0) {
    return false;
  }
  if (target.address.ss_family == AF_UNIX) return FillSocketPath(connection, target);
  return true;
}

std::optional<CancelTls> TlsOf(PGconn* connection) {
  auto* ssl = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"));
  if (ssl == nullptr) return std::nullopt;
  CancelTls tls;
  SSL_CTX* context = SSL_get_SSL_CTX(ssl);
  SSL_CTX_up_ref(context);
  tls.context.reset(context);
  tls.checks_certificate = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0;
  tls.checks_host = OptionOf(connection, "sslmode") == "verify-full";
  tls.host = PQhost(connection);
  return tls;
}

bool IsAddress(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

SslHandle CancelTls::Open(int descriptor) const {
  SslHandle ssl(SSL_new(context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), descriptor) != 1) return nullptr;
  SSL_set_verify(ssl.get(), checks_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                 nullptr);
  if (IsAddress(host)) {
    if (checks_host &&
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) != 1) {
      return nullptr;
    }
    return ssl;
  }
  SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  if (!checks_host) return ssl;
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(ssl.get(), host.c_str()) != 1) return nullptr;
  return ssl;
}

std::shared_ptr<const CancelTarget> CancelTargetOf(PGconn* connection, CancelKey key) {
  auto target = std::make_shared<CancelTarget>();
  target->key = key;
  if (!FillAddress(connection, *target)) return nullptr;
  if (PQsslInUse(connection) != 0) {
    target->tls = TlsOf(connection);
    if (!target->tls.has_value()) return nullptr;  // Not in plain text, then.
  }
  return target;
}

}  // namespace pgsluice
