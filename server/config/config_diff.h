// What is different between two configurations, setting by setting. Rules file.
#pragma once

#include <string>
#include <vector>

#include "pgsluice/config/v1/config.pb.h"
#include "pool/endpoint.h"

namespace pgsluice {

struct SettingChange {
  std::string path;  // "pools.primary.max_size", "endpoints[db1:5432]".
  // As written in YAML, without secrets. "absent": an element of a list is not there.
  std::string before;
  std::string after;
  bool is_hot = false;

  bool operator==(const SettingChange&) const = default;
};

// "pools.primary.max_size: 10 -> 20; log.level: INFO -> DEBUG".
std::string ChangesText(const std::vector<SettingChange>& changes);

// All but the endpoints, which are told apart by their names: see DiffEndpoints.
std::vector<SettingChange> DiffConfigs(const config::v1::Config& before,
                                       const config::v1::Config& after);
std::vector<SettingChange> DiffEndpoints(const std::vector<Endpoint>& before,
                                         const std::vector<Endpoint>& after);

// What is in effect once `after` has been loaded while `before` was: what takes a restart
// is as it was.
config::v1::Config InEffect(const config::v1::Config& before,
                            const config::v1::Config& after);

}  // namespace pgsluice
