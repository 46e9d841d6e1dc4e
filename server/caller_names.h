// Who makes a call, by its client certificate or its bearer token.
#pragma once

#include <grpcpp/server_context.h>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/caller_identity.h"
#include "server/caller_secrets.h"

namespace pgsluice {

// A token goes first: with one that is not known the certificate counts for nothing. The
// error is UNAUTHENTICATED; it tells no token, and of a JSON Web Token not what is wrong
// with it: `why` says that, for a log.
absl::StatusOr<CallerIdentity> IdentityOf(const grpc::ServerContext& context,
                                          const CallerSecrets& secrets, absl::Time now,
                                          std::string& why);

// What stands behind "Bearer" in an authorization header; empty when nothing does.
std::string_view BearerTokenOf(std::string_view header);

}  // namespace pgsluice
