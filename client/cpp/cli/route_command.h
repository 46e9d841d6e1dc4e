// `pgsluice route`: where a call would go now, and why not elsewhere.
#pragma once

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"
#include "pgsluice/client.h"

namespace pgsluice::cli {

// kSql when the call would go nowhere.
ExitCode RunRouteCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const RouteCommandOptions& options);

}  // namespace pgsluice::cli
