// `pgsluice query`: runs statements and prints their results.
#pragma once

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"
#include "pgsluice/client.h"

namespace pgsluice::cli {

ExitCode RunQueryCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const QueryCommandOptions& options);

}  // namespace pgsluice::cli
