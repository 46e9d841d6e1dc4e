// Rules of the tracing settings: addresses of collectors, lists of pairs, and what goes
// together. Rules file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/config/v1/config.pb.h"
#include "server/config/security_checks.h"

namespace pgsluice {

struct CollectorAddress {
  std::string target;  // As gRPC wants it: host:port.
  bool has_tls = false;

  bool operator==(const CollectorAddress&) const = default;
};

// Of "http://host:port" or "https://host:port".
absl::StatusOr<CollectorAddress> ParseCollectorAddress(std::string_view text);

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// Of "a=b,c=d%2Ce", as OpenTelemetry's variables hold attributes and headers. Spaces
// around names and values do not count. The error quotes nothing: it may be a secret.
absl::StatusOr<NamedValues> ParseNamedValues(std::string_view text);
// The same of headers: names are made lower case, and both are what HTTP/2 can carry.
absl::StatusOr<NamedValues> ParseHeaders(std::string_view text);

// Whether calls may be traced at all.
bool TracesCalls(const config::v1::Tracing& tracing);

// Wants defaults filled in.
std::vector<Complaint> CheckTracing(const config::v1::Config& config);

}  // namespace pgsluice
