#include "pool/control/facts_session.h"

#include <functional>
#include <utility>

#include "absl/time/clock.h"
#include <pqxx/pqxx>

#include "pool/control/control_text.h"
#include "pool/control/facts_sql.h"
#include "pool/control/pg_idempotency_store.h"
#include "pool/control/replica_timeline.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr char kReplicaTimeline[] = "SELECT " PGSLUICE_REPLICA_TIMELINE_SQL;

class FactsSession final {
 public:
  // Throws as libpqxx does.
  FactsSession(const std::string& conninfo, absl::Duration timeout)
      : connection_(conninfo) {
    Ask(facts_sql::kPrepareSession, std::to_string(absl::ToInt64Milliseconds(timeout)));
  }

  ServerFacts Take(const FactsQuestion& question) {
    TakeIdentity();
    TakeClock();
    Try("system identifier",
        [this] { facts_.system_identifier = One(facts_sql::kSystemIdentifier); });
    Try("role", [this] { TakeLogin(); });
    Try("settings", [this] { TakeSettings(); });
    Try("sessions", [&] { TakeConnections(question.application_name); });
    if (facts_.in_recovery) {
      Try("replication", [this] { TakeReplica(); });
    } else {
      facts_.primary.emplace();
      Try("WAL", [this] { TakePrimary(); });
      Try("standbys", [this] { TakeStandbys(); });
      Try("replication slots", [this] { TakeSlots(); });
      Try("upkeep", [this] { TakeUpkeep(); });
    }
    if (question.key_table.has_value() && !facts_.in_recovery) {
      Try("idempotency table", [&] { TakeKeyTable(*question.key_table); });
    }
    facts_.keeps_backend = AskForProcess() == process_;
    return std::move(facts_);
  }

 private:
  template <class... Parameters>
  pqxx::result Ask(const char* sql, const Parameters&... parameters) {
    pqxx::nontransaction transaction(connection_);
    return transaction.exec_params(sql, parameters...);
  }
  std::string One(const char* sql) { return Ask(sql)[0][0].as<std::string>(""); }
  int AskForProcess() { return Ask(facts_sql::kClock)[0][1].as<int>(); }

  // A question that is not answered leaves the others.
  void Try(const char* what, const std::function<void()>& take) {
    try {
      take();
    } catch (const pqxx::sql_error& failure) {
      facts_.unanswered.push_back(StrCat(what, ": ", OneLine(failure.what())));
    }
  }

  void TakeIdentity() {
    const pqxx::row row = Ask(facts_sql::kIdentity)[0];
    facts_.version = row["version"].as<std::string>();
    // Of a distribution it is "15.14 (Debian 15.14-0+deb12u1)".
    facts_.version = facts_.version.substr(0, facts_.version.find(' '));
    facts_.version_number = row["version_number"].as<int>();
    facts_.in_recovery = row["in_recovery"].as<bool>();
    facts_.started_at = row["started_at"].as<std::string>();
    facts_.encoding = row["encoding"].as<std::string>();
    facts_.login.role = row["role"].as<std::string>();
    facts_.login.database = row["database"].as<std::string>();
  }

  void TakeClock() {
    const absl::Time asked = absl::Now();
    const pqxx::row row = Ask(facts_sql::kClock)[0];
    const absl::Duration round_trip = absl::Now() - asked;
    const absl::Time there = absl::UnixEpoch() + absl::Seconds(row[0].as<double>());
    facts_.clock_skew = there - (asked + round_trip / 2);
    facts_.clock_skew_precision = round_trip / 2;
    process_ = row[1].as<int>();
  }

  void TakeLogin() {
    const pqxx::row row = Ask(facts_sql::kLogin)[0];
    LoginFacts& login = facts_.login;
    login.is_superuser = row["rolsuper"].as<bool>();
    login.bypasses_rls = row["rolbypassrls"].as<bool>();
    login.may_replicate = row["rolreplication"].as<bool>();
    login.may_create_roles = row["rolcreaterole"].as<bool>();
    login.connection_limit = row["rolconnlimit"].as<int>();
    login.database_connection_limit = row["datconnlimit"].as<int>();
    login.reads_all_stats = row["reads_all_stats"].as<bool>();
    login.may_read_wal_files = row["may_read_wal_files"].as<bool>();
    if (!row["valid_until"].is_null()) {
      login.valid_until = absl::FromUnixSeconds(row["valid_until"].as<int64_t>());
    }
    for (const pqxx::row& member : Ask(facts_sql::kMemberships)) {
      login.dangerous_memberships.push_back(member[0].as<std::string>());
    }
    for (const pqxx::row& function : Ask(facts_sql::kMissingFunctions)) {
      std::vector<std::string>& missing = function[0].as<bool>()
                                              ? login.missing_commit_functions
                                              : login.missing_functions;
      missing.push_back(function[1].as<std::string>());
    }
  }

  void TakeSettings() {
    for (const pqxx::row& row : Ask(facts_sql::kSettings)) {
      facts_.settings[row[0].as<std::string>()] = {.value = row[1].as<std::string>(""),
                                                   .unit = row[2].as<std::string>("")};
    }
    using Scope = ScopedSetting::Scope;
    for (const pqxx::row& row : Ask(facts_sql::kScopedSettings)) {
      const bool is_of_role = row["is_of_role"].as<bool>();
      const bool is_of_database = row["is_of_database"].as<bool>();
      Scope scope = Scope::kAllRoles;
      if (is_of_role) scope = is_of_database ? Scope::kRoleInDatabase : Scope::kRole;
      if (!is_of_role && is_of_database) scope = Scope::kDatabase;
      facts_.scoped_settings.push_back(
          {.scope = scope, .name = row["name"].as<std::string>()});
    }
  }

  void TakeConnections(const std::string& application_name) {
    const pqxx::row row = Ask(facts_sql::kConnections, application_name)[0];
    facts_.connections = {.ours = row["ours"].as<int>(),
                          .others = row["others"].as<int>(),
                          .of_role = row["of_role"].as<int>(),
                          .of_database = row["of_database"].as<int>()};
  }

  void TakePrimary() {
    const pqxx::row row = Ask(facts_sql::kPrimary)[0];
    facts_.primary->lsn = row["lsn"].as<uint64_t>();
    facts_.timeline = row["timeline"].as<uint32_t>();
  }

  void TakeStandbys() {
    // Who may not look sees rows without anything in them.
    if (!facts_.login.reads_all_stats) return;
    for (const pqxx::row& row : Ask(facts_sql::kStandbys)) {
      facts_.primary->standbys.push_back(
          {.name = row["name"].as<std::string>(""),
           .state = row["state"].as<std::string>(""),
           .sync_state = row["sync_state"].as<std::string>("")});
    }
    facts_.primary->knows_standbys = true;
  }

  void TakeSlots() {
    for (const pqxx::row& row : Ask(facts_sql::kSlots)) {
      facts_.primary->slots.push_back(
          {.name = row["name"].as<std::string>(),
           .is_active = row["active"].as<bool>(),
           .wal_status = row["wal_status"].as<std::string>(""),
           .retained_bytes = row["retained"].as<int64_t>(0)});
    }
  }

  void TakeUpkeep() {
    const pqxx::row row = Ask(facts_sql::kUpkeep)[0];
    facts_.primary->prepared_transactions = row["prepared"].as<int>();
    facts_.primary->oldest_prepared = absl::Seconds(row["oldest_prepared"].as<double>());
    facts_.primary->oldest_frozen_age = row["frozen_age"].as<int64_t>(0);
    facts_.primary->archiving_fails = row["archiving_fails"].as<bool>();
  }

  void TakeReplica() {
    const pqxx::row row = Ask(facts_sql::kReplica)[0];
    facts_.replica = {.replayed_lsn = row["lsn"].as<uint64_t>(),
                      .is_paused = row["is_paused"].as<bool>(),
                      .is_receiving = row["is_receiving"].as<bool>()};
    facts_.timeline = Ask(kReplicaTimeline)[0][0].as<uint32_t>(0);
  }

  void TakeKeyTable(const IdempotencyTable& table) {
    const pqxx::row row = Ask(facts_sql::kKeyTable, table.schema, table.name)[0];
    facts_.key_table = {.has_schema = row["has_schema"].as<bool>(),
                        .has_table = row["has_table"].as<bool>(),
                        .may_create = row["may_create"].as<bool>()};
  }

  pqxx::connection connection_;
  ServerFacts facts_;
  int process_ = 0;
};

// For libpq the last of equal keywords holds. Options of the endpoint's own stay.
std::string WithTimeouts(const std::string& conninfo, absl::Duration timeout) {
  return StrCat(conninfo, " application_name='pgsluice control' connect_timeout=",
                std::max<int64_t>(2, absl::ToInt64Seconds(timeout)),
                " tcp_user_timeout=", absl::ToInt64Milliseconds(timeout));
}

// The keeper's own look, which also reads the table.
std::string WhyNotFit(const Endpoint& endpoint, const ConninfoReader& read_conninfo,
                      const FactsQuestion& question) {
  PgIdempotencyStore store(*question.key_table, question.timeout, read_conninfo);
  const absl::Status fitness = store.Look(endpoint, IfNoTable::kLeave);
  return fitness.ok() ? "" : std::string(fitness.message());
}

}  // namespace

absl::StatusOr<ServerFacts> AskForFacts(const Endpoint& endpoint,
                                        const ConninfoReader& read_conninfo,
                                        const FactsQuestion& question) {
  const absl::StatusOr<std::string> conninfo = read_conninfo(endpoint);
  if (!conninfo.ok()) return conninfo.status();
  try {
    FactsSession session(WithTimeouts(*conninfo, question.timeout), question.timeout);
    ServerFacts facts = session.Take(question);
    if (facts.key_table.has_value() && facts.key_table->has_table) {
      facts.key_table->why_not_fit = WhyNotFit(endpoint, read_conninfo, question);
    }
    return facts;
  } catch (const std::exception& failure) {
    return absl::UnavailableError(OneLine(failure.what()));
  }
}

}  // namespace pgsluice
