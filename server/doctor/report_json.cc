#include "server/doctor/report_json.h"

#include "google/protobuf/util/json_util.h"

#include "server/convert/utf8.h"
#include "server/doctor/capacity_rules.h"
#include "server/doctor/diagnosis.h"
#include "server/doctor/report_text.h"

namespace pgsluice::doctor {

namespace {

v1::Severity ToProto(Severity severity) {
  switch (severity) {
    case Severity::kNote: return v1::SEVERITY_NOTE;
    case Severity::kWarning: return v1::SEVERITY_WARNING;
    case Severity::kError: return v1::SEVERITY_ERROR;
  }
  return v1::SEVERITY_UNSPECIFIED;
}

v1::Endpoint ToProto(const DeploymentFacts& facts, const EndpointFacts& endpoint) {
  v1::Endpoint result;
  result.set_name(ToValidUtf8(endpoint.name));
  result.set_reachable(endpoint.trial.is_open);
  result.set_role(std::string(RoleText(endpoint)));
  result.set_tls(endpoint.trial.tls_version);
  result.set_sessions_wanted(static_cast<uint32_t>(SessionsWanted(facts.gateway)));
  if (!endpoint.server.has_value()) return result;
  const ServerFacts& server = *endpoint.server;
  result.set_server_version(ToValidUtf8(server.version));
  result.set_system_identifier(server.system_identifier);
  result.set_timeline(server.timeline);
  result.set_sessions_possible(
      static_cast<uint32_t>(std::max<int64_t>(0, SessionsPossible(server))));
  return result;
}

v1::Finding ToProto(const Finding& finding) {
  v1::Finding result;
  result.set_severity(ToProto(finding.kind->severity));
  result.set_id(std::string(finding.kind->id));
  for (const std::string& name : finding.endpoints) {
    result.add_endpoints(ToValidUtf8(name));
  }
  result.set_found(ToValidUtf8(finding.found));
  result.set_why(std::string(finding.kind->why));
  result.set_advice(ToValidUtf8(finding.advice));
  for (const std::string& command : finding.commands) {
    result.add_commands(ToValidUtf8(command));
  }
  return result;
}

}  // namespace

v1::Report ReportOf(const DeploymentFacts& facts, const Findings& findings,
                    std::string_view version) {
  v1::Report report;
  report.set_version(std::string(version));
  report.set_libpq_version(LibpqVersionText(facts.gateway.libpq_version));
  for (const EndpointFacts& endpoint : facts.endpoints) {
    *report.add_endpoints() = ToProto(facts, endpoint);
  }
  for (const Finding& finding : findings) *report.add_findings() = ToProto(finding);
  const auto count = [&](Severity severity) {
    return static_cast<uint32_t>(CountOf(findings, severity));
  };
  report.set_errors(count(Severity::kError));
  report.set_warnings(count(Severity::kWarning));
  report.set_notes(count(Severity::kNote));
  return report;
}

std::string ReportJson(const v1::Report& report) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Every string has been made valid UTF-8, so it can be written.
  if (!google::protobuf::util::MessageToJsonString(report, &text, options).ok())
    return "";
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace pgsluice::doctor
