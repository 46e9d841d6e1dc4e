#include "server/doctor/doctor.h"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include "absl/time/clock.h"

#include "server/config/cluster_options.h"
#include "server/config/endpoint_resolution.h"
#include "server/doctor/diagnosis.h"
#include "server/doctor/examination.h"
#include "server/doctor/gateway_facts.h"
#include "server/doctor/report_json.h"
#include "server/doctor/report_text.h"
#include "server/server_settings.h"
#include "server/version.h"

namespace pgsluice::doctor {

namespace {

constexpr absl::Duration kStepTimeout = absl::Seconds(3);
constexpr absl::Duration kLongest = absl::Seconds(25);

// As NO_COLOR (no-color.org) and TERM ask for.
Colours ColoursOfOutput() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool has_colours = isatty(STDOUT_FILENO) == 1 &&
                           (no_color == nullptr || *no_color == '\0') &&
                           term != nullptr && std::string_view(term) != "dumb";
  return has_colours ? Colours::kTerminal : Colours::kNone;
}

}  // namespace

absl::StatusOr<DoctorResult> RunDoctor(const config::v1::Config& config,
                                       ReportForm form) {
  absl::StatusOr<ClusterOptions> options = ToClusterOptions(config);
  if (!options.ok()) return options.status();
  ExaminationPlan plan{.endpoints = options->endpoints,
                       .session = options->session,
                       .read_conninfo = ReadConninfo,
                       .timeout = kStepTimeout};
  for (const LoginPools& pools : options->pools.logins) {
    plan.logins.push_back(pools.login);
  }
  if (config.idempotency().enabled()) plan.key_table = IdempotencyTableOf(config);

  const absl::Time begun = absl::Now();
  DeploymentFacts facts{.gateway = GatewayFactsOf(config, *options),
                        .endpoints = Examine(plan, begun + kLongest),
                        .now = begun};
  const absl::Duration took = absl::Now() - begun;
  const Findings findings = Diagnose(facts);
  DoctorResult result{.report = {}, .exit_status = ExitStatusOf(findings)};
  result.report = form == ReportForm::kJson
                      ? ReportJson(ReportOf(facts, findings, kVersion))
                      : ReportText(facts, findings, kVersion, took, ColoursOfOutput());
  return result;
}

}  // namespace pgsluice::doctor
