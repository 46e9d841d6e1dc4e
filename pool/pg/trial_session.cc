#include "pool/pg/trial_session.h"

#include <ctime>
#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#include "absl/time/clock.h"
#include <libpq-fe.h>

#include "pool/pg/conninfo.h"
#include "pool/pg/pg_error.h"

namespace pgsluice {

namespace {

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, CloseConnection>;

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

bool WaitForSocket(const PGconn* connection, short events, absl::Time deadline) {
  pollfd descriptor{.fd = PQsocket(connection), .events = events, .revents = 0};
  const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
  return left > 0 && poll(&descriptor, 1, static_cast<int>(left)) > 0;
}

// Empty when it is open, else why not.
std::string Handshake(PGconn* connection, absl::Time deadline) {
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (true) {
    if (PQstatus(connection) == CONNECTION_BAD) return ConnectionError(connection);
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!WaitForSocket(connection, events, deadline)) return "no answer in time";
    next = PQconnectPoll(connection);
    if (next == PGRES_POLLING_OK) return "";
    if (next == PGRES_POLLING_FAILED) return ConnectionError(connection);
  }
}

std::optional<absl::Time> EndOf(const X509* certificate) {
  std::tm end{};
  if (certificate == nullptr ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return std::nullopt;
  }
  return absl::FromTM(end, absl::UTCTimeZone());
}

void LookAtTls(PGconn* connection, TrialFacts& facts) {
  facts.has_tls = PQsslInUse(connection) == 1;
  if (!facts.has_tls) return;
  const char* version = PQsslAttribute(connection, "protocol");
  if (version != nullptr) facts.tls_version = version;
  const auto* ssl = static_cast<const SSL*>(PQsslStruct(connection, "OpenSSL"));
  if (ssl == nullptr) return;
  const std::unique_ptr<X509, FreeCertificate> server(SSL_get_peer_certificate(ssl));
  facts.server_certificate_ends = EndOf(server.get());
  facts.client_certificate_ends = EndOf(SSL_get_certificate(ssl));
}

bool IsLocal(const PGconn* connection) {
  const std::string host = PQhost(connection);
  const std::string address = PQhostaddr(connection);
  return host.starts_with('/') || host.starts_with('@') || address.starts_with("127.") ||
         address == "::1";
}

// The process that serves this session now; 0 when it does not say.
int ServingProcess(PGconn* connection, absl::Time deadline) {
  if (PQsendQueryParams(connection, "SELECT pg_catalog.pg_backend_pid()", 0, nullptr,
                        nullptr, nullptr, nullptr, 0) == 0) {
    return 0;
  }
  while (PQisBusy(connection) == 1) {
    if (!WaitForSocket(connection, POLLIN, deadline)) return 0;
    if (PQconsumeInput(connection) == 0) return 0;
  }
  PGresult* result = PQgetResult(connection);
  const int process = PQntuples(result) == 1 ? std::atoi(PQgetvalue(result, 0, 0)) : 0;
  PQclear(result);
  return process;
}

}  // namespace

TrialFacts TrySession(const Endpoint& endpoint, const ConninfoReader& read_conninfo,
                      const SessionOptions& options, absl::Duration timeout) {
  TrialFacts facts;
  Endpoint now = endpoint;
  absl::StatusOr<std::string> conninfo = read_conninfo(endpoint);
  if (!conninfo.ok()) {
    facts.error = std::string(conninfo.status().message());
    return facts;
  }
  now.conninfo = *std::move(conninfo);
  absl::StatusOr<ConnectionParameters> parameters = ParseConninfo(now);
  if (!parameters.ok()) {
    facts.error = std::string(parameters.status().message());
    return facts;
  }
  AddSessionOptions(options, Role::kPrimary, *parameters);
  facts.sslmode = parameters->Get("sslmode");

  const absl::Time begun = absl::Now();
  const absl::Time deadline = begun + timeout;
  const ConnectionHandle connection(PQconnectStartParams(parameters->keywords().data(),
                                                         parameters->values().data(),
                                                         /*expand_dbname=*/0));
  facts.error = Handshake(connection.get(), deadline);
  facts.latency = absl::Now() - begun;
  facts.is_open = facts.error.empty();
  facts.is_local = IsLocal(connection.get());
  if (!facts.is_open) {
    facts.sqlstate = TakeSqlstate(facts.error);
    return facts;
  }
  LookAtTls(connection.get(), facts);
  const int process = ServingProcess(connection.get(), deadline);
  facts.meets_named_backend = process == 0 || process == PQbackendPID(connection.get());
  return facts;
}

}  // namespace pgsluice
