// From the configuration to what the pool wants.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "pgsluice/config/v1/config.pb.h"
#include "pool/options.h"

namespace pgsluice {

// Reads conninfo_file and password_file now, those of logins, too, so it can fail;
// passwords in them are read again at each connect (ReadConninfo). A conninfo that lists
// several hosts becomes several endpoints, endpoints with equal host, port and dbname
// become one, and those without a name get "host:port", unique by a suffix. Every
// conninfo is key=value, with target_session_attrs=any: roles are probed.
absl::StatusOr<ClusterOptions> ToClusterOptions(const config::v1::Config& config);

// Sizes, timeouts and limits of the pools, of all logins.
PoolsOptions ToPoolsOptions(const config::v1::Config& config);

// For the settings that are used as they are:
// ToDuration(config.log().slow_query_threshold()).
absl::Duration ToDuration(const google::protobuf::Duration& duration);

}  // namespace pgsluice
