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

const std::string kNoFile;

struct Address {
  std::string name;  // Empty: to be made up.
  ConnectionString conninfo;
  std::string conninfo_file;
  std::string password_file;
  uint32_t weight = 1;
  std::string zone;
};

// What tells one endpoint from another.
constexpr const char* kAddressKeywords[] = {"host", "hostaddr", "port", "dbname"};

absl::Status At(std::string_view field, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(field), ": ", status.message()));
}

absl::StatusOr<ConnectionString> Read(std::string text, const std::string& conninfo_file,
                                      const std::string& password_file) {
  std::string_view field = "conninfo";
  if (!conninfo_file.empty()) {
    field = "conninfo_file";
    absl::StatusOr<std::string> content = ReadSecretFile(conninfo_file);
    if (!content.ok()) return At(field, content.status());
    text = *std::move(content);
  }
  absl::StatusOr<ConnectionString> conninfo = ConnectionString::Parse(text);
  if (!conninfo.ok()) return At(field, conninfo.status());
  if (!password_file.empty()) {
    absl::StatusOr<std::string> password = ReadSecretFile(password_file);
    if (!password.ok()) return At("password_file", password.status());
    if (conninfo->has_password()) {
      return At("password_file",
                absl::InvalidArgumentError(
                    absl::StrCat("there is a password in ", std::string(field), " too")));
    }
    conninfo->Set("password", *password);
  }
  // The prober decides on roles; libpq must not refuse a server for its role.
  conninfo->Set("target_session_attrs", "any");
  return conninfo;
}

// A certificate that the login does not bring is the endpoint's: it may stand for several
// users.
absl::Status SetLogin(const NamedLogin& login, ConnectionString& conninfo) {
  conninfo.Set("user", login.user);
  conninfo.Set("password", "");
  if (!login.password_file.empty()) {
    const absl::StatusOr<std::string> password = ReadSecretFile(login.password_file);
    if (!password.ok()) return At("password_file", password.status());
    conninfo.Set("password", *password);
  }
  if (login.cert_file.empty()) return absl::OkStatus();
  conninfo.Set("sslcert", login.cert_file);
  conninfo.Set("sslkey", login.key_file);
  conninfo.Set("sslpassword", "");
  return absl::OkStatus();
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
    ConnectionString conninfo = address.conninfo;
    const bool has_files =
        !address.conninfo_file.empty() || !address.password_file.empty();
    // It is read when it is needed; one that has changed makes no other endpoint.
    if (has_files) conninfo.Set("password", "");
    endpoints.push_back({.name = name,
                         .conninfo = conninfo.Text(),
                         .conninfo_file = address.conninfo_file,
                         .password_file = address.password_file,
                         .weight = address.weight,
                         .zone = address.zone});
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
    absl::StatusOr<ConnectionString> conninfo =
        Read(endpoint.conninfo(), endpoint.conninfo_file(), endpoint.password_file());
    if (conninfo.ok() && conninfo->host_count() > 1 && !endpoint.name().empty()) {
      conninfo = At("name", absl::InvalidArgumentError("one name for several hosts"));
    }
    if (!conninfo.ok()) {
      errors.Add("", absl::StrCat("endpoints[", i, "].", conninfo.status().message()));
      continue;
    }
    for (const ConnectionString& one : conninfo->SplitHosts()) {
      if (!seen.emplace(one.HostAndPort(), one.Get("dbname")).second) continue;
      addresses.push_back({.name = endpoint.name(),
                           .conninfo = one,
                           .conninfo_file = endpoint.conninfo_file(),
                           .password_file = endpoint.password_file(),
                           .weight = endpoint.weight(),
                           .zone = endpoint.zone()});
    }
  }
  if (errors.count() > 0) return errors.ToStatus();
  return Named(addresses);
}

absl::Status CheckLoginFiles(const config::v1::Config& config) {
  ConfigErrors errors;
  for (int i = 0; i < config.logins_size(); ++i) {
    const std::string& file = config.logins(i).password_file();
    if (file.empty()) continue;
    const absl::Status read = ReadSecretFile(file).status();
    if (read.ok()) continue;
    errors.Add("", absl::StrCat("logins[", i, "].password_file: ", read.message()));
  }
  return errors.count() > 0 ? errors.ToStatus() : absl::OkStatus();
}

absl::StatusOr<std::string> ReadConninfo(const Endpoint& endpoint) {
  if (!endpoint.is_composed()) return endpoint.conninfo;
  // The password of one user is none of another's.
  const std::string& password_file =
      endpoint.login.has_value() ? kNoFile : endpoint.password_file;
  absl::StatusOr<ConnectionString> now =
      Read(endpoint.conninfo, endpoint.conninfo_file, password_file);
  if (!now.ok()) return now.status();
  if (endpoint.login.has_value()) {
    const absl::Status set = SetLogin(*endpoint.login, *now);
    if (!set.ok()) return set;
  }
  const absl::StatusOr<ConnectionString> known =
      ConnectionString::Parse(endpoint.conninfo);
  if (!known.ok()) return known.status();
  for (const char* keyword : kAddressKeywords) now->Set(keyword, known->Get(keyword));
  return now->Text();
}

}  // namespace pgsluice
