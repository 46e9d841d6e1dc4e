// A session of a few read-only questions about a server, for `pgsluiced --doctor`.
// Blocks. Confined to one thread.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pool/control/server_facts.h"
#include "pool/endpoint.h"
#include "pool/idempotency.h"

namespace pgsluice {

struct FactsQuestion {
  std::string application_name;  // Of the pools' sessions, to tell them from others'.
  std::optional<IdempotencyTable> key_table{};  // Looked at on a primary, if given.
  // Of a connect, two seconds at least, and of each statement.
  absl::Duration timeout = absl::Seconds(3);
};

// What cannot be asked is in `unanswered`. An error, without secrets, when nothing could.
absl::StatusOr<ServerFacts> AskForFacts(const Endpoint& endpoint,
                                        const ConninfoReader& read_conninfo,
                                        const FactsQuestion& question);

}  // namespace pgsluice
