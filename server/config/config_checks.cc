#include "server/config/config_checks.h"

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/config/connection_string.h"
#include "server/config/login_checks.h"
#include "server/config/security_checks.h"
#include "server/config/setting_storage.h"
#include "server/config/tracing_checks.h"
#include "server/config/units.h"

namespace pgsluice {

namespace {

constexpr size_t kLongestName = 128;
constexpr size_t kLongestIdentifier = 48;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-#[]/";

// `first` may not be above `second`.
struct OrderRule {
  const char* first;
  const char* second;
};
constexpr OrderRule kOrderRules[] = {
    {"pools.primary.min_size", "pools.primary.max_size"},
    {"pools.replica.min_size", "pools.replica.max_size"},
    {"pools.primary.backoff_initial", "pools.primary.backoff_max"},
    {"pools.replica.backoff_initial", "pools.replica.backoff_max"},
    {"probe.interval", "probe.timeout"},
    {"limits.default_deadline", "limits.max_deadline"},
    {"limits.max_sql_bytes", "server.max_request_bytes"},
    {"limits.max_transactions", "limits.max_calls"},
};

// libpq counts these in whole seconds.
constexpr const char* kWholeSeconds[] = {"session.keepalive_idle",
                                         "session.keepalive_interval"};

class Checker final {
 public:
  explicit Checker(ConfigDraft& draft) : draft_(draft), config_(draft.loaded.config) {}

  void Run() {
    for (const OrderRule& rule : kOrderRules) CheckOrder(rule);
    for (const char* path : kWholeSeconds) CheckWholeSeconds(path);
    CheckIdleTransactions();
    CheckAddresses();
    CheckIdentifier("idempotency.schema", config_.idempotency().schema());
    CheckIdentifier("idempotency.table", config_.idempotency().table());
    for (const Complaint& complaint : CheckSecurity(config_)) {
      Fail(complaint.paths, complaint.what);
    }
    for (const Complaint& complaint : CheckTracing(config_)) {
      Fail(complaint.paths, complaint.what);
    }
    for (const Complaint& complaint : CheckLogins(config_)) {
      Fail(complaint.paths, complaint.what);
    }
    for (std::string& note : SecurityNotes(config_)) {
      draft_.loaded.notes.push_back(std::move(note));
    }
    for (int i = 0; i < config_.endpoints_size(); ++i) CheckEndpoint(i);
  }

 private:
  // Where the value of the first of `paths` that is not a default comes from.
  std::string Origin(const std::vector<std::string>& paths) const {
    for (const std::string& path : paths) {
      const auto found = draft_.loaded.origins.find(path);
      if (found != draft_.loaded.origins.end()) return found->second;
    }
    return "";
  }

  void Fail(const std::vector<std::string>& paths, std::string_view what) {
    for (const std::string& path : paths) {
      if (draft_.failed.count(path) > 0) return;
    }
    draft_.errors.Add(Origin(paths), what);
  }

  SettingValue Read(const SettingPath& path) const {
    return ReadSetting(*path.back().field, *OwnerOf(path, config_));
  }

  static double Number(const SettingValue& value) {
    if (const auto* duration = std::get_if<absl::Duration>(&value.value)) {
      return absl::ToDoubleSeconds(*duration);
    }
    const auto* whole = std::get_if<uint64_t>(&value.value);
    return whole == nullptr ? 0 : static_cast<double>(*whole);
  }

  void CheckOrder(const OrderRule& rule) {
    const auto first = ParsePath(rule.first);
    const auto second = ParsePath(rule.second);
    if (!first.ok() || !second.ok())
      return draft_.errors.Add(rule.first, "unknown in a rule");
    const SettingValue low = Read(*first);
    const SettingValue high = Read(*second);
    if (Number(low) <= Number(high)) return;
    Fail({rule.first, rule.second},
         absl::StrCat(rule.first, " (", SettingText(low, *first->back().field),
                      ") is above ", rule.second, " (",
                      SettingText(high, *second->back().field), ")"));
  }

  void CheckWholeSeconds(const char* name) {
    const auto path = ParsePath(name);
    if (!path.ok()) return draft_.errors.Add(name, "unknown in a rule");
    const double seconds = Number(Read(*path));
    if (seconds == static_cast<double>(static_cast<int64_t>(seconds))) return;
    Fail({name}, absl::StrCat(name, ": has to be whole seconds"));
  }

  // PostgreSQL would close the session where the gateway would only roll back.
  void CheckIdleTransactions() {
    const char* ours = "limits.transaction_idle_timeout";
    const char* theirs = "session.idle_in_transaction_timeout";
    const double theirs_seconds = Number(Read(*ParsePath(theirs)));
    if (theirs_seconds == 0 || theirs_seconds > Number(Read(*ParsePath(ours)))) return;
    Fail({theirs, ours}, absl::StrCat(theirs, " has to be above ", ours, ", or 0"));
  }

  void CheckAddresses() {
    const std::string& main = config_.server().listen_address();
    const std::string& admin = config_.server().admin_listen_address();
    if (main.empty()) {
      Fail({"server.listen_address"}, "server.listen_address: may not be empty");
    } else if (main == admin && !absl::EndsWith(main, ":0")) {
      Fail({"server.admin_listen_address", "server.listen_address"},
           "server.admin_listen_address: is the same as server.listen_address");
    }
    CheckMetricsAddress(main, admin);
    if (admin.empty() &&
        config_.server().admin_service() == config::v1::ADMIN_SERVICE_ON) {
      Fail({"server.admin_service", "server.admin_listen_address"},
           "server.admin_service: is ON, but server.admin_listen_address is empty");
    }
  }

  void CheckMetricsAddress(const std::string& main, const std::string& admin) {
    const char* setting = "server.metrics_listen_address";
    const std::string& metrics = config_.server().metrics_listen_address();
    if (metrics.empty() || absl::EndsWith(metrics, ":0")) return;
    for (const auto& [other, path] : {std::pair(&main, "server.listen_address"),
                                      std::pair(&admin, "server.admin_listen_address")}) {
      if (metrics != *other) continue;
      Fail({setting, path}, absl::StrCat(setting, ": is the same as ", path));
    }
  }

  // Names in SQL; an index is named after the table.
  void CheckIdentifier(const char* path, const std::string& name) {
    if (!name.empty() && name.size() <= kLongestIdentifier &&
        name.find('\0') == std::string::npos) {
      return;
    }
    Fail({path}, absl::StrCat(path, ": has to have 1 to ", kLongestIdentifier, " bytes"));
  }

  void CheckEndpoint(int index) {
    const config::v1::Endpoint& endpoint = config_.endpoints(index);
    const std::string path = absl::StrCat("endpoints[", index, "]");
    const std::string name_path = path + ".name";
    const std::string conninfo_path = path + ".conninfo";
    if (!endpoint.name().empty()) {
      if (endpoint.name().size() > kLongestName ||
          endpoint.name().find_first_not_of(kNameCharacters) != std::string::npos) {
        Fail({name_path}, absl::StrCat(name_path,
                                       ": may hold letters, digits and ._:-#[]/ only, at "
                                       "most ",
                                       kLongestName, " of them"));
      }
      const auto [first, is_new] = names_.emplace(endpoint.name(), index);
      if (!is_new) {
        Fail({name_path}, absl::StrCat(name_path, ": is the name of endpoints[",
                                       first->second, "] too"));
      }
    }
    if (!endpoint.conninfo().empty() && !endpoint.conninfo_file().empty()) {
      Fail({path + ".conninfo_file", conninfo_path},
           absl::StrCat(path, ": has both conninfo and conninfo_file"));
    }
    const absl::StatusOr<ConnectionString> conninfo =
        ConnectionString::Parse(endpoint.conninfo());
    if (!conninfo.ok()) return;
    if (conninfo->has_password() && !endpoint.password_file().empty()) {
      Fail({path + ".password_file", conninfo_path},
           absl::StrCat(path, ": has both password_file and a password in conninfo"));
    }
    if (conninfo->host_count() > 1 && !endpoint.name().empty()) {
      Fail({name_path}, absl::StrCat(name_path,
                                     ": one name for several hosts; list them "
                                     "as several endpoints"));
    }
    if (conninfo->has_password() && Origin({conninfo_path}) == "--set") {
      draft_.loaded.notes.push_back(absl::StrCat(
          conninfo_path,
          " has a password in --set, where every user of this machine can see "
          "it; password_file or PGPASSFILE are safer"));
    }
  }

  ConfigDraft& draft_;
  config::v1::Config& config_;
  std::map<std::string, int> names_;
};

}  // namespace

void CheckConfig(ConfigDraft& draft) { Checker(draft).Run(); }

}  // namespace pgsluice
