#include "pool/pg/conninfo.h"

#include <memory>

#include <libpq-fe.h>

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using OptionsHandle = std::unique_ptr<PQconninfoOption, FreeOptions>;

// In the start-up packet's options, spaces separate and backslashes quote.
std::string Quoted(std::string_view value) {
  std::string quoted;
  for (char c : value) {
    if (c == ' ' || c == '\\' || c == '\t') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted;
}

void AppendOption(std::string& options, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  StrAppend(&options, options.empty() ? "" : " ", "-c ", name, "=", Quoted(value));
}

std::string Milliseconds(absl::Duration duration) {
  return StrCat(absl::ToInt64Milliseconds(duration));
}

// libpq counts whole seconds.
std::string Seconds(absl::Duration duration) {
  return StrCat(std::max<int64_t>(1, absl::ToInt64Seconds(duration)));
}

}  // namespace

void ConnectionParameters::Set(std::string_view keyword, std::string value) {
  for (Entry& entry : entries_) {
    if (entry.keyword != keyword) continue;
    entry.value = std::move(value);
    return;
  }
  entries_.push_back({std::string(keyword), std::move(value)});
}

std::string ConnectionParameters::Get(std::string_view keyword) const {
  for (const Entry& entry : entries_) {
    if (entry.keyword == keyword) return entry.value;
  }
  return "";
}

std::vector<const char*> ConnectionParameters::keywords() const {
  std::vector<const char*> keywords;
  for (const Entry& entry : entries_) keywords.push_back(entry.keyword.c_str());
  keywords.push_back(nullptr);
  return keywords;
}

std::vector<const char*> ConnectionParameters::values() const {
  std::vector<const char*> values;
  for (const Entry& entry : entries_) values.push_back(entry.value.c_str());
  values.push_back(nullptr);
  return values;
}

absl::StatusOr<ConnectionParameters> ParseConninfo(const Endpoint& endpoint) {
  char* message = nullptr;
  OptionsHandle given(PQconninfoParse(endpoint.conninfo.c_str(), &message));
  if (given == nullptr) {
    // libpq's text quotes the connection string, password and all: not shown.
    PQfreemem(message);
    return ConnectFailed(endpoint.name, "its conninfo is not a valid connection string");
  }
  ConnectionParameters parameters;
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr;
       ++option) {
    if (option->val != nullptr && *option->val != '\0') {
      parameters.Set(option->keyword, option->val);
    }
  }
  return parameters;
}

void AddSessionOptions(const SessionOptions& options, Role role,
                       ConnectionParameters& parameters) {
  std::string startup = parameters.Get("options");
  if (options.statement_timeout > absl::ZeroDuration()) {
    AppendOption(startup, "statement_timeout", Milliseconds(options.statement_timeout));
  }
  if (options.idle_in_transaction_timeout > absl::ZeroDuration()) {
    AppendOption(startup, "idle_in_transaction_session_timeout",
                 Milliseconds(options.idle_in_transaction_timeout));
  }
  AppendOption(startup, "search_path", options.search_path);
  AppendOption(startup, "default_transaction_isolation", options.default_isolation);
  AppendOption(startup, "TimeZone", options.time_zone);
  // Floats in text form lose nothing, whatever the server's default.
  AppendOption(startup, "extra_float_digits", "1");
  AppendOption(startup, "bytea_output", "hex");
  AppendOption(startup, "DateStyle", "ISO,MDY");
  AppendOption(startup, "IntervalStyle", "postgres");
  if (role == Role::kReplica)
    AppendOption(startup, "default_transaction_read_only", "on");

  parameters.Set("options", std::move(startup));
  parameters.Set("client_encoding", options.client_encoding);
  parameters.Set("application_name", options.application_name);
  parameters.Set("keepalives", "1");
  parameters.Set("keepalives_idle", Seconds(options.keepalive_idle));
  parameters.Set("keepalives_interval", Seconds(options.keepalive_interval));
  parameters.Set("keepalives_count", StrCat(options.keepalive_count));
  parameters.Set("tcp_user_timeout", Milliseconds(options.tcp_user_timeout));
}

}  // namespace pgsluice
