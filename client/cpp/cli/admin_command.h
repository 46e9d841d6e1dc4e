// `pgsluice admin`: reload, pause, resume, reconnect.
#pragma once

#include <optional>

#include "client/cpp/cli/exit_code.h"
#include "client/cpp/cli/options.h"

namespace pgsluice::cli {

ExitCode RunAdminCommand(const AdminCommandOptions& options,
                         std::optional<absl::Duration> timeout);

}  // namespace pgsluice::cli
