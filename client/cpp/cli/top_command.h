// `pgsluice top`: which statements take the most time.
#pragma once

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"
#include "pgsluice/client.h"

namespace pgsluice::cli {

ExitCode RunTopCommand(const client::Client& client, const ConnectionOptions& connection,
                       const TopCommandOptions& options);

}  // namespace pgsluice::cli
