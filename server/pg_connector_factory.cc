#include "server/pg_connector_factory.h"

#include "pool/pg/pg_connector.h"
#include "server/config/endpoint_resolution.h"

namespace pgsluice {

std::shared_ptr<Connector> PgConnectorFactory::Make(const Endpoint& endpoint, Role role,
                                                    const SessionOptions& options) {
  const std::shared_ptr<CancelTally> tally = TallyOf(LabelOf(endpoint), role);
  const std::shared_ptr<NameLookup> names = NamesOf(endpoint.name);
  return std::make_shared<PgConnector>(PgConnectorDeps{.endpoint = endpoint,
                                                       .role = role,
                                                       .options = options,
                                                       .shards = shards_,
                                                       .cancel_tally = tally,
                                                       .read_conninfo = ReadConninfo,
                                                       .file_thread = file_thread_,
                                                       .names = names});
}

std::shared_ptr<CancelTally> PgConnectorFactory::TallyOf(const std::string& label,
                                                         Role role) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<CancelTally>& tally = tallies_[{label, role}];
  if (tally == nullptr) tally = std::make_shared<CancelTally>();
  return tally;
}

std::shared_ptr<NameLookup> PgConnectorFactory::NamesOf(const std::string& endpoint) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<NameLookup>& names = names_[endpoint];
  if (names == nullptr) names = std::make_shared<NameLookup>();
  return names;
}

}  // namespace pgsluice
