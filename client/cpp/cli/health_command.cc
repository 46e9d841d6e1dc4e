#include "client/cpp/cli/health_command.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/query_report.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace pgsluice::cli {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

constexpr absl::Duration kDefaultTimeout = absl::Seconds(5);

std::string StateName(HealthCheckResponse::ServingStatus status) {
  return HealthCheckResponse::ServingStatus_Name(status);
}

ExitCode ExitFor(HealthCheckResponse::ServingStatus status) {
  return status == HealthCheckResponse::SERVING ? ExitCode::kOk : ExitCode::kUsage;
}

ExitCode Fail(const grpc::Status& status) {
  std::fprintf(stderr, "pgsluice: %s\n", status.error_message().c_str());
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                 status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED
             ? ExitCode::kConnection
             : ExitCode::kUsage;
}

bool IsWithheld(const absl::Status& status) {
  return absl::IsUnimplemented(status) || absl::IsUnauthenticated(status) ||
         absl::IsPermissionDenied(status);
}

std::string CertificateLine(const v1::HealthResponse& health) {
  if (!health.has_certificate()) return "";
  const v1::Certificate& certificate = health.certificate();
  std::string line = absl::StrCat(
      "certificate expires ",
      absl::FormatTime("%Y-%m-%d %H:%M",
                       absl::FromUnixSeconds(certificate.expires().seconds()),
                       absl::UTCTimeZone()),
      " UTC");
  if (!certificate.problem().empty()) {
    absl::StrAppend(&line, "; its files are no good: ", certificate.problem());
  }
  return line + "\n";
}

const char* RoleName(v1::Role role) {
  switch (role) {
    case v1::ROLE_PRIMARY: return "primary";
    case v1::ROLE_REPLICA: return "replica";
    default: return "unknown";
  }
}

std::optional<std::string> OptionalDuration(bool is_set,
                                            const google::protobuf::Duration& duration) {
  if (!is_set) return std::nullopt;
  return DurationText(ToDuration(duration));
}

std::string EndpointTable(const v1::HealthResponse& health) {
  AlignedFormat format({{"endpoint"},
                        {"role"},
                        {"reachable"},
                        {"timeline", Align::kRight},
                        {"lsn", Align::kRight},
                        {"lag", Align::kRight},
                        {"probe age", Align::kRight},
                        {"probe took", Align::kRight},
                        {"last error"}},
                       "", true);
  std::vector<TableRow> rows;
  for (const v1::EndpointHealth& endpoint : health.endpoints()) {
    rows.push_back(
        {endpoint.endpoint(), RoleName(endpoint.role()),
         endpoint.reachable() ? "yes" : "no",
         endpoint.timeline() == 0 ? "" : std::to_string(endpoint.timeline()),
         endpoint.lsn(),
         OptionalDuration(endpoint.has_replay_lag(), endpoint.replay_lag()),
         OptionalDuration(endpoint.has_probe_age(), endpoint.probe_age()),
         OptionalDuration(endpoint.has_probe_latency(), endpoint.probe_latency()),
         endpoint.last_error()});
  }
  return format.Format(rows);
}

ExitCode Watch(grpc::health::v1::Health::Stub& stub, const HealthCheckRequest& request) {
  grpc::ClientContext context;
  auto reader = stub.Watch(&context, request);
  HealthCheckResponse response;
  while (reader->Read(&response)) {
    const std::string now =
        absl::FormatTime("%H:%M:%E3S", absl::Now(), absl::LocalTimeZone());
    std::printf("%s  %s\n", now.c_str(), StateName(response.status()).c_str());
    std::fflush(stdout);
  }
  return Fail(reader->Finish());
}

}  // namespace

ExitCode RunHealthCommand(const client::Client& client,
                          const ConnectionOptions& connection,
                          const HealthCommandOptions& options) {
  const std::unique_ptr<grpc::health::v1::Health::Stub> stub =
      grpc::health::v1::Health::NewStub(client.channel());
  HealthCheckRequest request;
  request.set_service(options.service);
  if (options.watch) return Watch(*stub, request);

  const absl::Duration timeout = connection.timeout.value_or(kDefaultTimeout);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  HealthCheckResponse response;
  const grpc::Status checked = stub->Check(&context, request, &response);
  if (!checked.ok()) return Fail(checked);
  std::printf("%s: %s\n", options.service.empty() ? "gateway" : options.service.c_str(),
              StateName(response.status()).c_str());

  absl::StatusOr<v1::HealthResponse> health = client.Health(timeout);
  // The admin port has no more than that, and it is all that strangers are told.
  if (IsWithheld(health.status())) return ExitFor(response.status());
  if (!health.ok()) {
    std::fputs(ErrorReport(health.status(), "").c_str(), stderr);
    return ExitCodeFor(health.status());
  }
  std::printf("version %s, up %s, topology generation %llu%s\n%s\n%s",
              health->version().c_str(),
              DurationText(ToDuration(health->uptime())).c_str(),
              static_cast<unsigned long long>(health->topology_generation()),
              health->draining() ? ", draining" : "", CertificateLine(*health).c_str(),
              EndpointTable(*health).c_str());
  return ExitFor(response.status());
}

}  // namespace pgsluice::cli
