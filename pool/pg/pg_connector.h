// Opens real sessions of one login with one endpoint, for one role. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "asio/any_io_executor.hpp"

#include "pool/endpoint.h"
#include "pool/options.h"
#include "pool/pg/blocking_thread.h"
#include "pool/pg/canceler.h"
#include "pool/pg/name_lookup.h"
#include "pool/session.h"

namespace pgsluice {

struct PgConnectorDeps {
  Endpoint endpoint;
  Role role = Role::kUnknown;
  SessionOptions options;
  std::vector<asio::any_io_executor> shards;
  // Shared by the endpoint's connectors and sessions.
  std::shared_ptr<CancelTally> cancel_tally = std::make_shared<CancelTally>();
  // For endpoints with files, and named logins. Shared by all connectors.
  ConninfoReader read_conninfo = {};
  std::shared_ptr<BlockingThread> file_thread = nullptr;
  // Shared by the endpoint's connectors.
  std::shared_ptr<NameLookup> names = std::make_shared<NameLookup>();
};

class PgConnector final : public Connector,
                          public std::enable_shared_from_this<PgConnector> {
 public:
  explicit PgConnector(PgConnectorDeps deps);

  void Connect(
      int shard, absl::Time deadline,
      std::function<void(absl::StatusOr<std::shared_ptr<Session>>)> done) override;

  CancelCounts cancel_counts() const override { return deps_.cancel_tally->counts(); }

 private:
  using Result = absl::StatusOr<std::shared_ptr<Session>>;
  asio::awaitable<Result> DoConnect(int shard, absl::Time deadline);

  const PgConnectorDeps deps_;
  const std::string label_;  // What errors call the endpoint.
  std::vector<std::shared_ptr<Canceler>>
      cancelers_;  // One a shard, shared with sessions.
};

}  // namespace pgsluice
