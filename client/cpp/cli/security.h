// What the command line says of TLS and of the caller, as options of the client.
#pragma once

#include "absl/status/status.h"

#include "client/cpp/cli/options.h"
#include "pgsluice/client/options.h"

namespace pgsluice::cli {

// Reads the files. InvalidArgument says what is wrong with them; never with the token.
absl::Status Secure(const ConnectionOptions& connection, client::ClientOptions& options);

}  // namespace pgsluice::cli
