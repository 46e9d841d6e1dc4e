// A libpq connection string, taken apart by libpq. Holds secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pgsluice {

class ConnectionString final {
 public:
  // key=value pairs or a URI; empty is allowed and leaves all to libpq's environment.
  // The error says what is wrong without quoting `text`.
  static absl::StatusOr<ConnectionString> Parse(const std::string& text);

  // Empty when not given.
  std::string Get(std::string_view keyword) const;
  void Set(std::string_view keyword, std::string_view value);
  bool has_password() const { return !Get("password").empty(); }
  size_t host_count() const;

  // One for each host listed; itself when there is one or none.
  std::vector<ConnectionString> SplitHosts() const;

  // "host:port"; without a host "service:port" or "local:port".
  std::string HostAndPort() const;

  // As key=value pairs.
  std::string Text() const;
  // The same with "***" for whatever libpq holds to be secret.
  std::string RedactedText() const;

 private:
  struct Option {
    std::string keyword;
    std::string value;
    bool is_secret;
  };

  std::string Joined(bool redact) const;

  std::vector<Option> options_;  // Every keyword libpq knows, in its order.
};

}  // namespace pgsluice
