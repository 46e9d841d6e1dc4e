// `pgsluiced --doctor`: looks at the deployment that a configuration describes, and says
// what is wrong with it.
#pragma once

#include "absl/status/statusor.h"

#include "pgsluice/config/v1/config.pb.h"

namespace pgsluice::doctor {

enum class ReportForm { kText, kJson };

struct DoctorResult {
  std::string report;   // For standard output.
  int exit_status = 0;  // 0: notes at most; 1: warnings; 2: errors.
};

// Takes at most half a minute, whatever servers do, and may leave threads behind. An
// error when the configuration, or a file that it names, cannot be used.
absl::StatusOr<DoctorResult> RunDoctor(const config::v1::Config& config, ReportForm form);

}  // namespace pgsluice::doctor
