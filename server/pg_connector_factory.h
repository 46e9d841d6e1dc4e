// Makes real connectors, and keeps what those of one endpoint share. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"

#include "pool/cluster.h"
#include "pool/pg/blocking_thread.h"
#include "pool/pg/name_lookup.h"

namespace pgsluice {

class PgConnectorFactory final : public ConnectorFactory {
 public:
  explicit PgConnectorFactory(std::vector<asio::any_io_executor> shards)
      : shards_(std::move(shards)) {}

  std::shared_ptr<Connector> Make(const Endpoint& endpoint, Role role,
                                  const SessionOptions& options) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A login keeps its tally of an endpoint when it gets a new connector.
  std::shared_ptr<CancelTally> TallyOf(const std::string& label, Role role)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // A name server that does not answer for one endpoint holds up no other.
  std::shared_ptr<NameLookup> NamesOf(const std::string& endpoint)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const std::vector<asio::any_io_executor> shards_;
  // Shared with connectors.
  const std::shared_ptr<BlockingThread> file_thread_ = std::make_shared<BlockingThread>();

  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<NameLookup>> names_
      ABSL_GUARDED_BY(mutex_);  // Shared with connectors.
  std::map<std::pair<std::string, Role>, std::shared_ptr<CancelTally>> tallies_
      ABSL_GUARDED_BY(mutex_);  // Shared with connectors and sessions.
};

}  // namespace pgsluice
