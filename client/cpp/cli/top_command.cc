#include "client/cpp/cli/top_command.h"

#include <cstdio>
#include <unistd.h>

#include "absl/time/clock.h"
#include "google/protobuf/util/json_util.h"

#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/terminal_width.h"
#include "client/cpp/cli/top_table.h"

namespace pgsluice::cli {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(5);
constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

v1::StatementOrder OrderToProto(TopOrder order) {
  switch (order) {
    case TopOrder::kTotal: return v1::STATEMENT_ORDER_TOTAL_TIME;
    case TopOrder::kMean: return v1::STATEMENT_ORDER_MEAN_TIME;
    case TopOrder::kP99: return v1::STATEMENT_ORDER_P99_TIME;
    case TopOrder::kCalls: return v1::STATEMENT_ORDER_CALLS;
    case TopOrder::kRows: return v1::STATEMENT_ORDER_ROWS;
  }
  return v1::STATEMENT_ORDER_UNSPECIFIED;
}

absl::StatusOr<std::string> JsonText(const v1::TopStatementsResponse& top,
                                     bool on_one_line) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !on_one_line;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(top, &text, options).ok()) {
    return absl::InternalError("the answer cannot be written as JSON");
  }
  if (on_one_line) text += '\n';
  return text;
}

ExitCode Fail(const absl::Status& failure) {
  std::fputs(ErrorReport(failure, "").c_str(), stderr);
  return ExitCodeFor(failure);
}

}  // namespace

ExitCode RunTopCommand(const client::Client& client, const ConnectionOptions& connection,
                       const TopCommandOptions& options) {
  v1::TopStatementsRequest request;
  request.set_limit(options.limit);
  request.set_order_by(OrderToProto(options.order));
  request.set_reset(options.reset);
  while (true) {
    absl::StatusOr<v1::TopStatementsResponse> top =
        client.TopStatements(request, connection.timeout.value_or(kDefaultTimeout));
    if (!top.ok()) return Fail(top.status());
    absl::StatusOr<std::string> text =
        options.json ? JsonText(*top, options.watch) : TopTable(*top, TerminalWidth());
    if (!text.ok()) return Fail(text.status());
    if (options.watch && !options.json && isatty(STDOUT_FILENO)) {
      std::fputs(kClearScreen, stdout);
    }
    std::fputs(text->c_str(), stdout);
    std::fflush(stdout);
    if (!options.watch) return ExitCode::kOk;
    absl::SleepFor(options.interval);
  }
}

}  // namespace pgsluice::cli
