#include "pool/control/pg_idempotency_store.h"

#include <algorithm>
#include <vector>

#include <pqxx/pqxx>

#include "pool/idempotency_sql.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// PostgreSQL 11 and later (before, every column of an index is a key).
constexpr char kFind[] = R"sql(
SELECT c.relkind OPERATOR(pg_catalog.=) 'r' AS is_table,
       c.relpersistence OPERATOR(pg_catalog.=) 'p' AS is_logged,
       EXISTS (
         SELECT FROM pg_catalog.pg_index i
         WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid
           AND i.indisunique AND i.indisvalid AND i.indimmediate
           AND i.indpred IS NULL AND i.indexprs IS NULL
           AND i.indnkeyatts OPERATOR(pg_catalog.=) 2
           AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a
                WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                  AND a.attname IN ('role', 'key')
                  AND a.attnum IN (i.indkey[0], i.indkey[1])) OPERATOR(pg_catalog.=) 2
       ) AS is_unique,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
         AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
         AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
         AND pg_catalog.has_table_privilege(c.oid, 'DELETE') AS is_allowed,
       current_user AS role
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND c.relname OPERATOR(pg_catalog.=) $2
)sql";
constexpr char kSchemaIsThere[] =
    "SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1";
// Gateways that start together create one after the other.
constexpr char kLock[] = "SELECT pg_catalog.pg_advisory_xact_lock(8098837465298)";

constexpr char kPrinted[] = "what `pgsluiced --idempotency-sql` prints";

std::string WithOptions(const std::string& conninfo, absl::Duration timeout) {
  return StrCat(conninfo, " application_name='pgsluice control' connect_timeout=",
                std::max<int64_t>(2, absl::ToInt64Seconds(timeout)),
                " tcp_user_timeout=", absl::ToInt64Milliseconds(timeout),
                " options='-c statement_timeout=", absl::ToInt64Milliseconds(timeout),
                "'");
}

std::string OneLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// Of a server that goes away, has no room or time, or is a primary no more.
bool SaysNothingOfTheTable(const std::string& sqlstate) {
  for (const char* prefix : {"08", "53", "57", "25"}) {
    if (sqlstate.rfind(prefix, 0) == 0) return true;
  }
  return sqlstate.empty();
}

absl::Status NotFit(std::string_view why) {
  return absl::FailedPreconditionError(ForAbsl(why));
}

}  // namespace

struct PgIdempotencyStore::Connection {
  explicit Connection(const std::string& conninfo) : pqxx_connection(conninfo) {}
  pqxx::connection pqxx_connection;
};

PgIdempotencyStore::PgIdempotencyStore(IdempotencyTable table, absl::Duration timeout,
                                       ConninfoReader read_conninfo)
    : table_(std::move(table)),
      timeout_(timeout),
      read_conninfo_(std::move(read_conninfo)) {}

PgIdempotencyStore::~PgIdempotencyStore() = default;

void PgIdempotencyStore::Rest() { connection_.reset(); }

absl::Status PgIdempotencyStore::Connect(const Endpoint& primary) {
  if (connection_ != nullptr && endpoint_ == primary.name) return absl::OkStatus();
  connection_.reset();
  const absl::StatusOr<std::string> conninfo = read_conninfo_(primary);
  if (!conninfo.ok()) return absl::UnavailableError(conninfo.status().message());
  try {
    connection_ = std::make_unique<Connection>(WithOptions(*conninfo, timeout_));
  } catch (const std::exception& failure) {
    return absl::UnavailableError(OneLine(failure.what()));
  }
  endpoint_ = primary.name;
  return absl::OkStatus();
}

absl::Status PgIdempotencyStore::Look(const Endpoint& primary, IfNoTable if_no_table) {
  if (absl::Status connected = Connect(primary); !connected.ok()) return connected;
  std::string_view while_doing = "looking at it failed: ";
  try {
    absl::Status fitness;
    if (Find(fitness)) return fitness;
    if (if_no_table == IfNoTable::kLeave) {
      return NotFit(
          StrCat("it is not there; run ", kPrinted, ", or set idempotency.create"));
    }
    while_doing = "it is not there, and creating it failed: ";
    Create();
    return Find(fitness) ? fitness : NotFit("it was created, and is gone again");
  } catch (const pqxx::sql_error& failure) {
    connection_.reset();
    const std::string why = OneLine(failure.what());
    if (SaysNothingOfTheTable(failure.sqlstate())) return absl::UnavailableError(why);
    return NotFit(StrCat(while_doing, why, "; run ", kPrinted));
  } catch (const std::exception& failure) {
    connection_.reset();
    return absl::UnavailableError(OneLine(failure.what()));
  }
}

bool PgIdempotencyStore::Find(absl::Status& fitness) {
  pqxx::nontransaction transaction(connection_->pqxx_connection);
  const pqxx::result found = transaction.exec_params(kFind, table_.schema, table_.name);
  if (found.empty()) return false;
  const pqxx::row row = found[0];
  if (!row["is_table"].as<bool>()) {
    fitness = NotFit("it is not an ordinary table");
  } else if (!row["is_logged"].as<bool>()) {
    fitness =
        NotFit(StrCat("it is not a logged table, so a crash would make it forget: "
                      "ALTER TABLE ",
                      QualifiedName(table_), " SET LOGGED"));
  } else if (!row["is_unique"].as<bool>()) {
    fitness = NotFit("it has no unique index on (role, key)");
  } else if (!row["is_allowed"].as<bool>()) {
    std::string grants;
    for (const std::string& grant : GrantSql(table_, row["role"].as<std::string>())) {
      StrAppend(&grants, grants.empty() ? "" : "; ", grant);
    }
    fitness = NotFit(StrCat("the gateway's role lacks privileges: ", grants));
  } else {
    transaction.exec(
        StrCat("SELECT role, key, digest, format, outcome, recorded_at FROM ",
               QualifiedName(table_), " LIMIT 0"));
    fitness = absl::OkStatus();
  }
  return true;
}

void PgIdempotencyStore::Create() {
  pqxx::work transaction(connection_->pqxx_connection);
  transaction.exec(kLock);
  // IF NOT EXISTS would want the right to create schemas even then.
  if (transaction.exec_params(kSchemaIsThere, table_.schema).empty()) {
    transaction.exec(CreateSchemaSql(table_));
  }
  for (const std::string& sql : CreateTableSql(table_)) transaction.exec(sql);
  transaction.commit();
}

absl::StatusOr<bool> PgIdempotencyStore::Sweep(const Endpoint& primary,
                                               absl::Duration retention) {
  if (absl::Status connected = Connect(primary); !connected.ok()) return connected;
  try {
    pqxx::nontransaction transaction(connection_->pqxx_connection);
    const pqxx::result swept =
        transaction.exec_params(SweepKeysSql(table_), absl::ToDoubleSeconds(retention));
    return swept.affected_rows() >= kSweepRows;
  } catch (const std::exception& failure) {
    connection_.reset();
    return absl::UnavailableError(OneLine(failure.what()));
  }
}

}  // namespace pgsluice
