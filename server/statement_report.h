// How a statement went: for the statistics and, if it was slow, for the log.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "server/call_environment.h"
#include "server/rpc.h"
#include "server/slow_query_log.h"

namespace pgsluice {

// Once for each statement that got a session, before its call ends.
void ReportStatement(CallBase& call, const CallEnvironment& environment,
                     const StatementReport& report);

}  // namespace pgsluice
