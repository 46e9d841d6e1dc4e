// What gRPC has to say goes into our log, as lines like all others. Thread-safe.
#pragma once

#include "server/log.h"

namespace pgsluice {

// Before gRPC is used for the first time, and after StartLog.
void RouteGrpcLog();
// gRPC does not make lines that nobody is to see. From now on.
void SetGrpcLogLevel(LogLevel level);

// "src/core/lib/tcp.cc", 12: "tcp.cc:12".
std::string SourceOf(std::string_view file, int line);

}  // namespace pgsluice
