#include "server/config/endpoint_resolution.h"

#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"

#include "server/config/config_errors.h"
#include "server/config/connection_string.h"
#include "server/config/read_file.h"

namespace pgsluice {

namespace {

struct Address {
  std::string name;  // Empty: to be made up.
  ConnectionString conninfo;
};

absl::Status At(std::string_view field, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(field), ": ", status.message()));
}

absl::StatusOr<ConnectionString> ConninfoOf(const config::v1::Endpoint& endpoint) {
  std::string text = endpoint.conninfo();
  std::string_view field = "conninfo";
  if (!endpoint.conninfo_file().empty()) {
    field = "conninfo_file";
    absl::StatusOr<std::string> content = ReadSecretFile(endpoint.conninfo_file());
    if (!content.ok()) return At(field, content.status());
    text = *std::move(content);
  }
  absl::StatusOr<ConnectionString> conninfo = ConnectionString::Parse(text);
  if (!conninfo.ok()) return At(field, conninfo.status());
  if (!endpoint.password_file().empty()) {
    absl::StatusOr<std::string> password = ReadSecretFile(endpoint.password_file());
    if (!password.ok()) return At("password_file", password.status());
    if (conninfo->has_password()) {
      return At("password_file",
                absl::InvalidArgumentError(
                    absl::StrCat("there is a password in ", std::string(field), " too")));
    }
    conninfo->Set("password", *password);
  }
  if (conninfo->host_count() > 1 && !endpoint.name().empty()) {
    return At("name", absl::InvalidArgumentError("one name for several hosts"));
  }
  // The prober decides on roles; libpq must not refuse a server for its role.
  conninfo->Set("target_session_attrs", "any");
  return conninfo;
}

// Given names first, so that no made-up name takes one of them.
std::vector<Endpoint> Named(const std::vector<Address>& addresses) {
  std::set<std::string> taken;
  for (const Address& address : addresses) taken.insert(address.name);
  std::vector<Endpoint> endpoints;
  for (const Address& address : addresses) {
    std::string name = address.name;
    if (name.empty()) {
      const std::string base = address.conninfo.HostAndPort();
      name = base;
      for (int n = 2; !taken.insert(name).second; ++n) name = absl::StrCat(base, "#", n);
    }
    endpoints.push_back({name, address.conninfo.Text()});
  }
  return endpoints;
}

}  // namespace

absl::StatusOr<std::vector<Endpoint>> ResolveEndpoints(const config::v1::Config& config) {
  ConfigErrors errors;
  std::vector<Address> addresses;
  std::set<std::tuple<std::string, std::string>> seen;  // Host and port, dbname.
  for (int i = 0; i < config.endpoints_size(); ++i) {
    const config::v1::Endpoint& endpoint = config.endpoints(i);
    const absl::StatusOr<ConnectionString> conninfo = ConninfoOf(endpoint);
    if (!conninfo.ok()) {
      errors.Add("", absl::StrCat("endpoints[", i, "].", conninfo.status().message()));
      continue;
    }
    for (const ConnectionString& one : conninfo->SplitHosts()) {
      if (!seen.emplace(one.HostAndPort(), one.Get("dbname")).second) continue;
      addresses.push_back({endpoint.name(), one});
    }
  }
  if (errors.count() > 0) return errors.ToStatus();
  return Named(addresses);
}

}  // namespace pgsluice
