// Where a call would go, for people.
#pragma once

#include <string>

#include "pgsluice/v1/route.pb.h"

namespace pgsluice::cli {

// The route, a table of the endpoints, and a line for each that may not serve the call.
// No line is longer than 80 cells unless a name is long.
std::string RouteReport(const v1::ExplainRouteResponse& route);

}  // namespace pgsluice::cli
