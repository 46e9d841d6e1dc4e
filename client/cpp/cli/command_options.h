// What each subcommand takes on the command line.
#pragma once

#include "CLI/CLI.hpp"

#include "client/cpp/cli/options.h"

namespace pgsluice::cli {

// Each adds a subcommand to `app`, which fills `options` when it parses; both outlive the
// parsing.
CLI::App* AddQuery(CLI::App& app, QueryCommandOptions& options);
CLI::App* AddHealth(CLI::App& app, HealthCommandOptions& options);
CLI::App* AddPools(CLI::App& app, PoolsCommandOptions& options);
CLI::App* AddTop(CLI::App& app, TopCommandOptions& options);
CLI::App* AddRoute(CLI::App& app, RouteCommandOptions& options);
CLI::App* AddAdmin(CLI::App& app, AdminCommandOptions& options);

}  // namespace pgsluice::cli
