// Who makes a call, by its client certificate or its bearer token.
#pragma once

#include <grpcpp/server_context.h>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "server/token_store.h"

namespace pgsluice {

// All names of the caller, at least one: of a token the one it has, of a certificate its
// alternative names. A token goes first: with one that is not known the certificate
// counts for nothing. The error is UNAUTHENTICATED and tells no token.
absl::StatusOr<std::vector<std::string>> NamesOf(const grpc::ServerContext& context,
                                                 const TokenStore& tokens);

// What stands behind "Bearer" in an authorization header; empty when nothing does.
std::string_view BearerTokenOf(std::string_view header);

}  // namespace pgsluice
