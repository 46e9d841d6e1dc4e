// `pgsluice pools --watch`: a live view on a terminal; lines, or JSON, elsewhere.
#pragma once

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"
#include "pgsluice/client.h"

namespace pgsluice::cli {

// Until interrupted. A gateway that cannot be reached at first is a failure; one that is
// lost later is waited for.
ExitCode WatchPools(const client::Client& client, const ConnectionOptions& connection,
                    const PoolsCommandOptions& options);

}  // namespace pgsluice::cli
