// The token of a write's answer.
#pragma once

#include <optional>
#include <string>

#include "pool/wal_position.h"
#include "server/call_environment.h"

namespace pgsluice {

// Empty without a position, or while the cluster is not known.
std::string TokenOf(const CallEnvironment& environment,
                    const std::optional<WalPosition>& position);

}  // namespace pgsluice
