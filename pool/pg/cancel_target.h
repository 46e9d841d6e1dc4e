// Where and how a session's statements can be cancelled: its server's address, its
// backend's key, and how to speak TLS there. Immutable, so thread-safe.
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <sys/socket.h>

#include <libpq-fe.h>

#include "pool/pg/cancel_key.h"

namespace pgsluice {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslHandle = std::unique_ptr<SSL, FreeSsl>;

struct FreeSslContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// How a session's server is spoken to in TLS: with the trust, and the checks, that libpq
// has set up for the session.
struct CancelTls {
  std::unique_ptr<SSL_CTX, FreeSslContext> context;
  bool checks_certificate = false;  // sslmode verify-ca, or a root certificate is there.
  bool checks_host = false;         // sslmode verify-full.
  std::string host;

  // A conversation to be opened on a connected socket; null when OpenSSL has no memory.
  SslHandle Open(int descriptor) const;
};

struct CancelTarget {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  CancelKey key;
  std::optional<CancelTls> tls;  // None: the session is not encrypted.
};

// Of a session that is open. Null when its server's address is not to be had.
std::shared_ptr<const CancelTarget> CancelTargetOf(PGconn* connection, CancelKey key);

}  // namespace pgsluice
