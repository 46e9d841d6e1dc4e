#include "pool/control/pg_replay_gauge.h"

#include <sys/socket.h>

#include "absl/time/clock.h"
#include <pqxx/pqxx>

#include "pool/control/control_text.h"
#include "pool/control/replica_timeline.h"

namespace pgsluice {

namespace {

// The timeline last: a replica that goes over to a later one after its place was read has
// come through that place, too.
constexpr char kHowFar[] = R"sql(
SELECT pg_catalog.pg_is_in_recovery(),
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::pg_catalog.int8,
       )sql" PGSLUICE_REPLICA_TIMELINE_SQL;
constexpr char kName[] = "how_far";

}  // namespace

struct PgReplayGauge::Connection {
  explicit Connection(const std::string& conninfo) : pqxx_connection(conninfo) {
    pqxx_connection.prepare(kName, kHowFar);
  }
  pqxx::connection pqxx_connection;
};

PgReplayGauge::PgReplayGauge(Endpoint endpoint, absl::Duration timeout,
                             ConninfoReader read_conninfo)
    : endpoint_(std::move(endpoint)),
      timeout_(timeout),
      read_conninfo_(std::move(read_conninfo)) {}

PgReplayGauge::~PgReplayGauge() = default;

absl::StatusOr<WalReading> PgReplayGauge::Ask() {
  try {
    if (connection_ == nullptr) {
      const absl::StatusOr<std::string> conninfo = read_conninfo_(endpoint_);
      if (!conninfo.ok()) return conninfo.status();
      connection_ = std::make_unique<Connection>(WithControlOptions(*conninfo, timeout_));
      socket_ = connection_->pqxx_connection.sock();
    }
    const absl::Time asked_at = absl::Now();
    pqxx::nontransaction transaction(connection_->pqxx_connection);
    const pqxx::row row = transaction.exec_prepared1(kName);
    if (!row[0].as<bool>() || row[1].is_null()) {
      return absl::UnavailableError("it is no replica");
    }
    return WalReading{
        .position = {.timeline = row[2].as<uint32_t>(0), .lsn = row[1].as<uint64_t>()},
        .asked_at = asked_at};
  } catch (const std::exception& failure) {
    Rest();
    return absl::UnavailableError(OneLine(failure.what()));
  }
}

void PgReplayGauge::Rest() {
  socket_ = -1;
  connection_.reset();
}

void PgReplayGauge::Interrupt() {
  // The descriptor stays libpq's: this only ends its traffic.
  const int socket = socket_.load();
  if (socket >= 0) shutdown(socket, SHUT_RDWR);
}

}  // namespace pgsluice
