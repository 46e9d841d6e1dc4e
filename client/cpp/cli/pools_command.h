// `pgsluice pools`: the pools in figures.
#pragma once

#include <string>

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"
#include "pgsluice/client.h"

namespace pgsluice::cli {

ExitCode RunPoolsCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const PoolsCommandOptions& options);

std::string PoolsTable(const v1::PoolStatsResponse& stats);
// One for each alert that fires.
std::string AlertLines(const v1::PoolStatsResponse& stats);

}  // namespace pgsluice::cli
