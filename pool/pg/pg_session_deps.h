// What a session needs of its connector.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "asio/any_io_executor.hpp"

#include "pool/cancel_tally.h"
#include "pool/options.h"
#include "pool/pg/canceler.h"

namespace pgsluice {

struct PgSessionDeps {
  std::string endpoint;
  Role role = Role::kUnknown;
  int shard = 0;
  asio::any_io_executor executor;
  SessionOptions options;
  std::shared_ptr<Canceler> canceler;  // Shared by the endpoint's sessions on the shard.
  // Shared with requests under way. Null: libpq did not tell the key, nothing can be
  // cancelled.
  std::shared_ptr<const CancelTarget> cancel_target;
  std::shared_ptr<CancelTally> cancel_tally;  // Shared by all sessions of the endpoint.
  absl::Duration cancel_budget;               // From cancel to clean, else closed.
};

}  // namespace pgsluice
