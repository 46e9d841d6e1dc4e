// From configured endpoints to the pool's: one address each, unique names.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/config/v1/config.pb.h"
#include "pool/endpoint.h"

namespace pgsluice {

// See ToClusterOptions. Errors are all reported, one a line, without secrets.
absl::StatusOr<std::vector<Endpoint>> ResolveEndpoints(const config::v1::Config& config);

// Whether the password files of logins can be read now. Errors as above.
absl::Status CheckLoginFiles(const config::v1::Config& config);

// The connection string of a resolved endpoint with what its files hold now, and of the
// login that it is for. Host, port and database stay those of the endpoint: another
// address takes a reload. A ConninfoReader.
absl::StatusOr<std::string> ReadConninfo(const Endpoint& endpoint);

}  // namespace pgsluice
