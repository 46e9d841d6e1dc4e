// From configured endpoints to the pool's: one address each, unique names.
#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/config/v1/config.pb.h"
#include "pool/endpoint.h"

namespace pgsluice {

// See ToClusterOptions. Errors are all reported, one a line, without secrets.
absl::StatusOr<std::vector<Endpoint>> ResolveEndpoints(const config::v1::Config& config);

}  // namespace pgsluice
