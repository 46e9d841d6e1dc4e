#include "pool/control/commit_probe.h"

#include <algorithm>
#include <string>

#include <pqxx/pqxx>

#include "pool/commit_evidence.h"
#include "pool/control/control_text.h"
#include "pool/control/wal_reader.h"
#include "pool/str_cat.h"
#include "pool/write_position.h"

namespace pgsluice {

namespace {

// PostgreSQL 13 and later.
constexpr char kWho[] = R"sql(
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       (SELECT system_identifier FROM pg_catalog.pg_control_system()) AS system_identifier,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::pg_catalog.bit(32)::pg_catalog.int4
       END AS timeline,
       )sql" PGSLUICE_INCARNATION_SQL R"sql( AS incarnation
)sql";
constexpr char kInserted[] = R"sql(
SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::pg_catalog.int8
)sql";

constexpr char kStatus[] = "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)";
// Of pg_xact_status: the transaction is in the future.
constexpr char kInvalidParameterValue[] = "22023";

constexpr char kTerminate[] = R"sql(
SELECT pg_catalog.pg_terminate_backend(pid)
FROM pg_catalog.pg_stat_activity
WHERE backend_xid OPERATOR(pg_catalog.=) ($1::pg_catalog.xid8)::pg_catalog.xid
)sql";

absl::Status NotAnswered(const std::exception& failure) {
  return absl::UnavailableError(failure.what());
}

XactStatus StatusOf(const pqxx::field& status) {
  if (status.is_null()) return XactStatus::kForgotten;
  const auto text = status.as<std::string>();
  if (text == "committed") return XactStatus::kCommitted;
  if (text == "aborted") return XactStatus::kAborted;
  return XactStatus::kInProgress;
}

}  // namespace

struct CommitProbe::Connection {
  explicit Connection(const std::string& conninfo) : pqxx_connection(conninfo) {}

  pqxx::row Run(const char* sql) {
    pqxx::nontransaction transaction(pqxx_connection);
    return transaction.exec1(sql);
  }
  template <class Parameter>
  pqxx::result RunWith(const char* sql, const Parameter& parameter) {
    pqxx::nontransaction transaction(pqxx_connection);
    return transaction.exec_params(sql, parameter);
  }

  // Absent when the history cannot be read: there is none, or we may not.
  std::optional<uint64_t> SwitchPoint(uint32_t timeline, uint32_t left) {
    const auto history = WalReader(pqxx_connection).History(timeline);
    return history.has_value() ? SwitchPointOf(*history, left) : std::nullopt;
  }
  XactStatus Status(uint64_t transaction_id) {
    try {
      return StatusOf(RunWith(kStatus, std::to_string(transaction_id))[0][0]);
    } catch (const pqxx::sql_error& failure) {
      if (failure.sqlstate() != kInvalidParameterValue) throw;
      return XactStatus::kFuture;
    }
  }

  pqxx::connection pqxx_connection;
};

CommitProbe::CommitProbe(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

CommitProbe::~CommitProbe() = default;

absl::StatusOr<std::unique_ptr<CommitProbe>> CommitProbe::Open(
    const std::string& conninfo, absl::Duration timeout) {
  try {
    return std::unique_ptr<CommitProbe>(new CommitProbe(
        std::make_unique<Connection>(WithControlOptions(conninfo, timeout))));
  } catch (const std::exception& failure) {
    return NotAnswered(failure);
  }
}

absl::StatusOr<ResolutionFacts> CommitProbe::Ask(const CommitEvidence& evidence,
                                                 IfInProgress if_in_progress) {
  try {
    const pqxx::row who = connection_->Run(kWho);
    if (who["in_recovery"].as<bool>()) {
      // A standby answers, too, and may know another history than the primary's.
      return absl::UnavailableError("the server is a standby");
    }
    ResolutionFacts facts;
    facts.system_identifier = who["system_identifier"].as<std::string>();
    facts.timeline = who["timeline"].as<uint32_t>();
    if (facts.timeline > evidence.timeline) {
      facts.switch_lsn = connection_->SwitchPoint(facts.timeline, evidence.timeline);
    }
    facts.incarnation = who["incarnation"].as<std::string>("");
    if (WantsNote(evidence, facts)) {
      facts.note =
          WalReader(connection_->pqxx_connection)
              .Find(evidence.note, evidence.lsn, evidence.timeline, facts.timeline);
    }
    facts.status = connection_->Status(evidence.transaction_id);
    // After the look at its status: what it has found committed is before it.
    facts.lsn = EndOfLastRecord(connection_->Run(kInserted)[0].as<uint64_t>());
    // Another transaction may have the id by now.
    if (IsSameTransaction(evidence, facts) && facts.status == XactStatus::kInProgress &&
        if_in_progress == IfInProgress::kTerminate) {
      connection_->RunWith(kTerminate, std::to_string(evidence.transaction_id));
    }
    return facts;
  } catch (const std::exception& failure) {
    return NotAnswered(failure);
  }
}

}  // namespace pgsluice
