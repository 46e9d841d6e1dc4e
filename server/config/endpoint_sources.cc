#include "server/config/endpoint_sources.h"

#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/config/connection_string.h"
#include "server/config/environment_overlay.h"

namespace pgsluice {

namespace {

constexpr const char* kUrlVariables[] = {"DATABASE_URL", "DATABASE_REPLICA_URL",
                                         "DATABASE_REPLICA_URLS"};
constexpr const char* kPartVariables[] = {
    "POSTGRES_HOST",     "POSTGRES_PRIMARY_HOST", "POSTGRES_REPLICA_HOST",
    "POSTGRES_PORT",     "POSTGRES_DB",           "POSTGRES_USER",
    "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"};

bool IsUri(std::string_view text) {
  for (std::string_view scheme : {"postgres://", "postgresql://"}) {
    if (text.substr(0, scheme.size()) == scheme) return true;
  }
  return false;
}

// At commas that are followed by a URI: others are part of one, between its hosts.
std::vector<std::string> SplitUris(std::string_view list) {
  std::vector<std::string> uris;
  for (absl::string_view part :
       absl::StrSplit(absl::string_view(list.data(), list.size()), ',')) {
    const std::string piece(absl::StripAsciiWhitespace(part));
    if (piece.empty()) continue;
    if (uris.empty() || IsUri(piece)) {
      uris.push_back(piece);
    } else {
      uris.back() += "," + piece;
    }
  }
  return uris;
}

// Sets one field of the endpoint that is number `index`, made when it is the next.
void SetEndpoint(int index, std::string_view field, std::string_view where,
                 std::string_view value, ConfigDraft& draft) {
  const auto path =
      ParsePath(absl::StrCat("endpoints[", index, "].", std::string(field)));
  if (path.ok()) SetSetting(*path, where, value, draft);
}

std::vector<std::string> SplitHosts(std::string_view list) {
  std::vector<std::string> hosts;
  for (absl::string_view part :
       absl::StrSplit(absl::string_view(list.data(), list.size()), ',')) {
    const std::string host(absl::StripAsciiWhitespace(part));
    if (!host.empty()) hosts.push_back(host);
  }
  return hosts;
}

// `host` may carry a port of its own, as in "db1:5433" or "[::1]:5433".
ConnectionString WithHost(ConnectionString base, const std::string& host) {
  const size_t colon = host.rfind(':');
  const bool has_one_colon = colon != std::string::npos && host.find(':') == colon;
  const bool is_bracketed = host.front() == '[' && host.find(']') != std::string::npos;
  std::string name = host;
  if (is_bracketed) {
    const size_t close = host.find(']');
    name = host.substr(1, close - 1);
    if (colon > close) base.Set("port", host.substr(colon + 1));
  } else if (has_one_colon) {
    name = host.substr(0, colon);
    base.Set("port", host.substr(colon + 1));
  }
  base.Set("host", name);
  return base;
}

bool AddFromUrls(const Environment& environment, ConfigDraft& draft) {
  int index = 0;
  for (const char* variable : kUrlVariables) {
    for (const std::string& uri : SplitUris(ValueOf(environment, variable))) {
      SetEndpoint(index, "conninfo", variable, uri, draft);
      ++index;
    }
  }
  return index > 0;
}

bool AddFromParts(const Environment& environment, ConfigDraft& draft) {
  std::vector<std::pair<std::string, std::string>> hosts;  // Variable and host.
  const bool has_primary = !ValueOf(environment, "POSTGRES_PRIMARY_HOST").empty();
  for (const char* variable : {has_primary ? "POSTGRES_PRIMARY_HOST" : "POSTGRES_HOST",
                               "POSTGRES_REPLICA_HOST"}) {
    for (std::string& host : SplitHosts(ValueOf(environment, variable))) {
      hosts.emplace_back(variable, std::move(host));
    }
  }
  absl::StatusOr<ConnectionString> base = ConnectionString::Parse("");
  if (!base.ok()) return false;
  std::string first_variable;
  for (const auto& [keyword, variable] :
       {std::pair("port", "POSTGRES_PORT"), std::pair("dbname", "POSTGRES_DB"),
        std::pair("user", "POSTGRES_USER"), std::pair("password", "POSTGRES_PASSWORD")}) {
    const std::string_view value = ValueOf(environment, variable);
    base->Set(keyword, value);
    if (!value.empty() && first_variable.empty()) first_variable = variable;
  }
  // Without a host, libpq's choice holds: PGHOST, else the local socket.
  if (hosts.empty() && !first_variable.empty()) hosts.emplace_back(first_variable, "");
  const std::string_view password_file = ValueOf(environment, "POSTGRES_PASSWORD_FILE");
  for (size_t i = 0; i < hosts.size(); ++i) {
    const int index = static_cast<int>(i);
    const auto& [variable, host] = hosts[i];
    const ConnectionString one = host.empty() ? *base : WithHost(*base, host);
    SetEndpoint(index, "conninfo", variable, one.Text(), draft);
    if (!password_file.empty()) {
      SetEndpoint(index, "password_file", "POSTGRES_PASSWORD_FILE", password_file, draft);
    }
  }
  return !hosts.empty();
}

// The address is written out, for the endpoint's name; libpq adds the rest by itself.
void AddLibpqDefault(const Environment& environment, ConfigDraft& draft) {
  absl::StatusOr<ConnectionString> base = ConnectionString::Parse("");
  if (!base.ok()) return;
  for (const auto& [keyword, variable] :
       {std::pair("service", "PGSERVICE"), std::pair("host", "PGHOST"),
        std::pair("hostaddr", "PGHOSTADDR"), std::pair("port", "PGPORT")}) {
    base->Set(keyword, ValueOf(environment, variable));
  }
  // A service brings an address of its own, which PGHOST would not override.
  if (!base->Get("service").empty()) {
    for (const char* keyword : {"host", "hostaddr", "port"}) base->Set(keyword, "");
  }
  SetEndpoint(0, "conninfo", "libpq's environment", base->Text(), draft);
}

template <size_t N>
void NoteUnused(const Environment& environment, const char* const (&variables)[N],
                std::string_view why, ConfigDraft& draft) {
  for (const char* variable : variables) {
    if (ValueOf(environment, variable).empty()) continue;
    draft.loaded.notes.push_back(
        absl::StrCat(variable, " is not used: ", std::string(why)));
  }
}

}  // namespace

void AddEndpointsFromEnvironment(const Environment& environment, ConfigDraft& draft) {
  if (draft.loaded.config.endpoints_size() > 0) {
    constexpr std::string_view kWhy = "the configuration lists endpoints";
    NoteUnused(environment, kUrlVariables, kWhy, draft);
    NoteUnused(environment, kPartVariables, kWhy, draft);
  } else if (AddFromUrls(environment, draft)) {
    NoteUnused(environment, kPartVariables, "DATABASE_URL and its like come first",
               draft);
  } else if (!AddFromParts(environment, draft)) {
    AddLibpqDefault(environment, draft);
  }
}

}  // namespace pgsluice
