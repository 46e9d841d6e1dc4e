// One session opened just as the pools open theirs, to see whether it can be and how it
// travels; for `pgsluiced --doctor`. Blocks.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/options.h"

namespace pgsluice {

struct TrialFacts {
  bool is_open = false;
  std::string error{};       // One line, without secrets, when it is not.
  std::string sqlstate{};    // Of that; empty when the server did not say.
  absl::Duration latency{};  // Of the connect.
  bool is_local = false;     // A Unix socket, or a loopback address.
  std::string sslmode{};     // As the conninfo or libpq's default has it.
  bool has_tls = false;
  std::string tls_version{};  // "TLSv1.3"
  std::optional<absl::Time> server_certificate_ends{};
  std::optional<absl::Time> client_certificate_ends{};  // Absent: none was sent.
  // Whether the process that answers is the one that the server named at the start; a
  // pooler in between names another.
  bool meets_named_backend = true;
};

TrialFacts TrySession(const Endpoint& endpoint, const ConninfoReader& read_conninfo,
                      const SessionOptions& options, absl::Duration timeout);

}  // namespace pgsluice
