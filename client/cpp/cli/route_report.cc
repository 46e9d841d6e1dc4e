#include "client/cpp/cli/route_report.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/display_width.h"
#include "client/cpp/cli/query_report.h"
#include "client/cpp/cli/top_table.h"

namespace pgsluice::cli {
namespace {

constexpr int kWidth = 80;

const char* RoleName(v1::Role role) {
  switch (role) {
    case v1::ROLE_PRIMARY: return "primary";
    case v1::ROLE_REPLICA: return "replica";
    default: return "unknown";
  }
}

std::string Headline(const v1::ExplainRouteResponse& route) {
  if (!route.endpoint().empty()) {
    return absl::StrCat("goes to ", route.endpoint(), " (", route.reason(), ")");
  }
  return absl::StrCat(route.waits() ? "waits: " : "fails: ", route.problem());
}

// Words behind `start`, on as many lines as it takes.
std::string Wrapped(const std::string& start, const std::string& text) {
  std::string wrapped = start;
  int column = DisplayWidth(start);
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const int width = DisplayWidth({word.data(), word.size()});
    if (column + 1 + width > kWidth) {
      wrapped += "\n   ";
      column = 3;
    }
    absl::StrAppend(&wrapped, column > 0 ? " " : "", word);
    column += 1 + width;
  }
  return wrapped + "\n";
}

std::string EndpointTable(const v1::ExplainRouteResponse& route) {
  AlignedFormat format({{"endpoint"},
                        {"role"},
                        {"verdict"},
                        {"in flight", Align::kRight},
                        {"round trip", Align::kRight},
                        {"lag", Align::kRight},
                        {"weight", Align::kRight}},
                       "", true);
  std::vector<TableRow> rows;
  for (const v1::EndpointVerdict& endpoint : route.endpoints()) {
    const std::string verdict = endpoint.eligible() ? "may serve" : endpoint.rejection();
    const auto duration = [](bool is_set, const google::protobuf::Duration& value) {
      return is_set ? ShortDuration(ToDuration(value)) : std::string();
    };
    rows.push_back({endpoint.endpoint(), RoleName(endpoint.role()), verdict,
                    absl::StrCat(endpoint.in_flight()),
                    duration(endpoint.has_round_trip(), endpoint.round_trip()),
                    duration(endpoint.has_lag(), endpoint.lag()),
                    absl::StrCat(endpoint.weight())});
  }
  return format.Format(rows);
}

}  // namespace

std::string RouteReport(const v1::ExplainRouteResponse& route) {
  std::string report = Wrapped("the call", Headline(route));
  absl::StrAppend(&report, "\n", EndpointTable(route));
  std::string notes;
  for (const v1::EndpointVerdict& endpoint : route.endpoints()) {
    if (endpoint.why().empty()) continue;
    absl::StrAppend(&notes,
                    Wrapped(absl::StrCat(endpoint.endpoint(), ":"), endpoint.why()));
  }
  if (!notes.empty()) absl::StrAppend(&report, "\n", notes);
  return report;
}

}  // namespace pgsluice::cli
