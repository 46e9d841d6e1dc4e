// The statements that take the most time, as a table.
#pragma once

#include <string>

#include "absl/time/time.h"

#include "pgsluice/v1/top_statements.pb.h"

namespace pgsluice::cli {

// SQL is cut so that lines are at most `width` cells long, 0: it is not; wide ones say
// more of each statement.
std::string TopTable(const v1::TopStatementsResponse& top, int width);

// "850us", "1.2ms", "34.5s", "12m03s", "2h05m", "3d04h": at most 6 cells.
std::string ShortDuration(absl::Duration duration);

}  // namespace pgsluice::cli
