#include "pool/control/control_session.h"

#include <algorithm>
#include <optional>
#include <sys/socket.h>

#include "absl/time/clock.h"
#include <pqxx/pqxx>

#include "pool/control/control_text.h"
#include "pool/control/replica_timeline.h"
#include "pool/control/wal_reader.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kHistoryRetry = absl::Minutes(1);

// PostgreSQL 10 and later. The control file's timeline lags after a promotion; the WAL
// file's name does not, and on a standby the WAL receiver knows. Who has not the
// privileges of pg_read_all_stats sees of the receiver only that it is there.
constexpr char kProbe[] = R"sql(
SELECT in_recovery,
       system_identifier,
       CASE WHEN in_recovery THEN timeline_of_replica
            ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(lsn), 1, 8))::pg_catalog.bit(32)::pg_catalog.int4
       END AS timeline,
       lsn,
       (lsn OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn)::pg_catalog.int8 AS lsn_value,
       receive_lsn,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) replayed_at) AS replay_age,
       pid IS NOT NULL AND COALESCE(status OPERATOR(pg_catalog.=) 'streaming', true) AS is_receiving,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) last_msg_receipt_time) AS receiver_silence,
       received_tli,
       session_user AS login,
       login.rolsuper AS is_superuser,
       login.rolbypassrls AS bypasses_rls,
       pg_catalog.array_to_string(
         ARRAY(SELECT CASE WHEN named.rolsuper THEN 's' WHEN named.rolbypassrls THEN 'b' ELSE '-' END
               FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS asked (name, place)
               LEFT JOIN pg_catalog.pg_roles AS named ON named.rolname OPERATOR(pg_catalog.=) asked.name
               ORDER BY asked.place), '') AS users
FROM (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
             CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                  ELSE pg_catalog.pg_current_wal_lsn() END AS lsn,
             pg_catalog.pg_last_wal_receive_lsn() AS receive_lsn,
             pg_catalog.pg_last_xact_replay_timestamp() AS replayed_at,
             (SELECT system_identifier FROM pg_catalog.pg_control_system()) AS system_identifier,
             )sql" PGSLUICE_REPLICA_TIMELINE_SQL R"sql( AS timeline_of_replica
      OFFSET 0) AS now
LEFT JOIN pg_catalog.pg_stat_wal_receiver ON in_recovery
LEFT JOIN pg_catalog.pg_roles AS login ON login.rolname OPERATOR(pg_catalog.=) session_user
)sql";

// An array as PostgreSQL reads it.
std::string ArrayText(const std::vector<std::string>& elements) {
  std::string text = "{";
  for (const std::string& element : elements) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

// `letters`: one for each of them, as kProbe writes them.
std::vector<Login> UsersOf(const std::vector<std::string>& names,
                           const std::string& letters) {
  std::vector<Login> users;
  for (size_t i = 0; i < std::min(names.size(), letters.size()); ++i) {
    users.push_back({.name = names[i],
                     .is_superuser = letters[i] == 's',
                     .bypasses_rls = letters[i] == 'b'});
  }
  return users;
}

// The conninfo is key=value text; for libpq the last of equal keywords holds.
std::string WithOptions(const std::string& conninfo, const ControlOptions& options) {
  return StrCat(
      conninfo, " application_name='", options.application_name, "' connect_timeout=",
      std::max<int64_t>(2, absl::ToInt64Seconds(options.connect_timeout)),
      " tcp_user_timeout=", absl::ToInt64Milliseconds(options.statement_timeout));
}

}  // namespace

struct ControlSession::Connection {
  explicit Connection(const std::string& conninfo) : pqxx_connection(conninfo) {}
  pqxx::connection pqxx_connection;
};

ControlSession::ControlSession(Endpoint endpoint, ConninfoReader read_conninfo,
                               ControlOptions options)
    : endpoint_(std::move(endpoint)),
      read_conninfo_(std::move(read_conninfo)),
      options_(std::move(options)) {}

ControlSession::~ControlSession() = default;

void ControlSession::SetOptions(const ControlOptions& options) {
  if (options == options_) return;
  options_ = options;
  Disconnect();
}

void ControlSession::Disconnect() {
  socket_ = -1;
  connection_.reset();
}

void ControlSession::Interrupt() {
  // The descriptor stays libpq's: this only ends its traffic.
  const int socket = socket_.load();
  if (socket >= 0) shutdown(socket, SHUT_RDWR);
}

void ControlSession::Connect(const std::string& conninfo) {
  connection_ = std::make_unique<Connection>(WithOptions(conninfo, options_));
  socket_ = connection_->pqxx_connection.sock();
}

void ControlSession::Ask(ProbeResult& result) {
  const absl::Time asked = absl::Now();
  pqxx::nontransaction transaction(connection_->pqxx_connection);
  const pqxx::row row = transaction.exec_params1(kProbe, ArrayText(options_.users));
  transaction.commit();
  result.round_trip = absl::Now() - asked;
  const auto seconds = [&row](const char* column) {
    return row[column].is_null()
               ? std::nullopt
               : std::optional<absl::Duration>(absl::Seconds(row[column].as<double>()));
  };
  result.in_recovery = row["in_recovery"].as<bool>();
  result.system_identifier = row["system_identifier"].as<std::string>();
  result.timeline = row["timeline"].as<uint32_t>();
  result.lsn = row["lsn"].as<std::string>("");
  result.lsn_value = row["lsn_value"].as<uint64_t>(0);
  result.login = {.name = row["login"].as<std::string>(""),
                  .is_superuser = row["is_superuser"].as<bool>(false),
                  .bypasses_rls = row["bypasses_rls"].as<bool>(false)};
  result.users = UsersOf(options_.users, row["users"].as<std::string>(""));
  if (!result.in_recovery) return;
  result.receive_lsn = row["receive_lsn"].as<std::string>("");
  result.replay_age = seconds("replay_age");
  result.is_receiving = row["is_receiving"].as<bool>();
  result.receiver_silence = seconds("receiver_silence");
  if (!result.is_receiving || row["received_tli"].is_null()) return;
  result.received_timeline = row["received_tli"].as<uint32_t>();
}

ProbeResult ControlSession::Probe() {
  ProbeResult result;
  const absl::Time begun = absl::Now();
  try {
    if (connection_ == nullptr) {
      result.is_new_session = true;
      const absl::StatusOr<std::string> conninfo = read_conninfo_(endpoint_);
      if (conninfo.ok()) {
        Connect(*conninfo);
      } else {
        result.error = std::string(conninfo.status().message());
      }
    }
    if (connection_ != nullptr) {
      Ask(result);
      result.ok = true;
      if (!result.in_recovery) result.history = HistoryOf(result.timeline);
    }
  } catch (const std::exception& failure) {
    Disconnect();
    const bool is_new_session = result.is_new_session;
    result = ProbeResult{};
    result.is_new_session = is_new_session;
    result.error = OneLine(failure.what());
  }
  result.begun = begun;
  result.at = absl::Now();
  result.latency = result.at - begun;
  return result;
}

// Read once for each timeline. Where it may not be read, one look now and then is enough.
std::shared_ptr<const TimelineHistory> ControlSession::HistoryOf(uint32_t timeline) {
  if (history_ != nullptr && history_->timeline == timeline) return history_;
  const absl::Time now = absl::Now();
  const bool is_due = timeline != looked_for_ || now - looked_at_ >= kHistoryRetry;
  if (!is_due) return nullptr;
  looked_for_ = timeline;
  looked_at_ = now;
  // The first one comes from nowhere, and has no file.
  std::optional<std::string> text = "";
  if (timeline > 1) text = WalReader(connection_->pqxx_connection).History(timeline);
  history_.reset();
  if (text.has_value()) {
    history_ = std::make_shared<const TimelineHistory>(ParseHistory(timeline, *text));
  }
  return history_;
}

}  // namespace pgsluice
