// The files of an endpoint, read anew for each session, off the shard.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "asio/awaitable.hpp"

#include "pool/completion.h"
#include "pool/endpoint.h"
#include "pool/pg/blocking_thread.h"
#include "pool/pg/conninfo.h"

namespace pgsluice {

using ConninfoCompletion = Completion<absl::StatusOr<std::string>>;

struct EndpointFiles {
  Endpoint endpoint;
  ConninfoReader read_conninfo;
  std::shared_ptr<BlockingThread> thread;  // Shared by all connectors.
};

// The endpoint's own parameters, with what its files hold now. Setting `read` gives up.
asio::awaitable<absl::StatusOr<ConnectionParameters>> ReadParameters(
    EndpointFiles files, std::shared_ptr<ConninfoCompletion> read);

}  // namespace pgsluice
