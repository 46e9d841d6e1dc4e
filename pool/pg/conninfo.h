// The libpq connection parameters of a session: the endpoint's own, and ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "pool/endpoint.h"
#include "pool/options.h"

namespace pgsluice {

// Keywords and values for PQconnectStartParams.
class ConnectionParameters final {
 public:
  // Replaces a value or adds one.
  void Set(std::string_view keyword, std::string value);
  // Empty when unset.
  std::string Get(std::string_view keyword) const;
  // Null-terminated, valid while *this lives and is not changed.
  std::vector<const char*> keywords() const;
  std::vector<const char*> values() const;

 private:
  struct Entry {
    std::string keyword;
    std::string value;
  };
  std::vector<Entry> entries_;
};

// Parses key=value text or a URI and fills in libpq's defaults (environment, service
// file). Errors name no values.
absl::StatusOr<ConnectionParameters> ParseConninfo(const Endpoint& endpoint);

// Adds what every session needs: keepalives, application name and, as start-up options
// (so that DISCARD ALL returns to them), time-outs, search path, isolation, time zone,
// and read-only for replicas.
void AddSessionOptions(const SessionOptions& options, Role role,
                       ConnectionParameters& parameters);

}  // namespace pgsluice
