// Facts and findings for programs: pgsluice.doctor.v1.Report, and it as JSON. Rules file.
#pragma once

#include <string>
#include <string_view>

#include "pgsluice/doctor/v1/report.pb.h"
#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

v1::Report ReportOf(const DeploymentFacts& facts, const Findings& findings,
                    std::string_view version);

// Names as in report.proto; zeros and empty fields are there, too. Ends with a line end.
std::string ReportJson(const v1::Report& report);

}  // namespace pgsluice::doctor
