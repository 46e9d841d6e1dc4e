#include "client/cpp/cli/route_command.h"

#include <cstdio>
#include <string>

#include "google/protobuf/util/json_util.h"

#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/route_report.h"

namespace pgsluice::cli {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(5);

absl::StatusOr<std::string> JsonText(const v1::ExplainRouteResponse& route) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(route, &text, options).ok()) {
    return absl::InternalError("the answer cannot be written as JSON");
  }
  return text;
}

ExitCode Fail(const absl::Status& failure) {
  std::fputs(ErrorReport(failure, "").c_str(), stderr);
  return ExitCodeFor(failure);
}

}  // namespace

ExitCode RunRouteCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const RouteCommandOptions& options) {
  v1::RequestOptions call;
  call.set_intent(options.read ? v1::INTENT_READ : v1::INTENT_WRITE);
  if (options.strong) call.mutable_freshness()->set_strong(true);
  const absl::StatusOr<v1::ExplainRouteResponse> route =
      client.ExplainRoute(call, connection.timeout.value_or(kDefaultTimeout));
  if (!route.ok()) return Fail(route.status());
  const absl::StatusOr<std::string> text =
      options.json ? JsonText(*route) : RouteReport(*route);
  if (!text.ok()) return Fail(text.status());
  std::fputs(text->c_str(), stdout);
  return route->endpoint().empty() ? ExitCode::kSql : ExitCode::kOk;
}

}  // namespace pgsluice::cli
