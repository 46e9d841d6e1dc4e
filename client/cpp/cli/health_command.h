// `pgsluice health`: is the gateway serving, and what does it see of its endpoints.
#pragma once

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"
#include "pgsluice/client.h"

namespace pgsluice::cli {

// kOk when the service is serving, kUsage when it is not.
ExitCode RunHealthCommand(const client::Client& client,
                          const ConnectionOptions& connection,
                          const HealthCommandOptions& options);

}  // namespace pgsluice::cli
