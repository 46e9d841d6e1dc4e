// A failure as psql would print it, and the exit status it means.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "client/cpp/cli/exit_code.h"
#include "pgsluice/v1/value.pb.h"

namespace pgsluice::cli {

// Several lines for standard error. `sql`, when known, lets it point at the place.
std::string ErrorReport(const absl::Status& failure, std::string_view sql);
std::string NoticeReport(const v1::Notice& notice);
ExitCode ExitCodeFor(const absl::Status& failure);

}  // namespace pgsluice::cli
