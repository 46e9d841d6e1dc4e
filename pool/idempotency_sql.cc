#include "pool/idempotency_sql.h"

#include "absl/strings/str_replace.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// {t}: the table; {i}: the index.
constexpr char kReserve[] = R"sql(
INSERT INTO {t} (key, digest) VALUES ($1, $2) RETURNING role
)sql";
constexpr char kRecord[] = R"sql(
UPDATE {t} SET format = $3, outcome = $4
WHERE role OPERATOR(pg_catalog.=) $1 AND key OPERATOR(pg_catalog.=) $2
)sql";
constexpr char kRead[] = R"sql(
SELECT digest OPERATOR(pg_catalog.=) $2, format,
       CASE WHEN digest OPERATOR(pg_catalog.=) $2
            THEN pg_catalog.encode(outcome, 'hex') END
FROM {t}
WHERE role OPERATOR(pg_catalog.=) current_user AND key OPERATOR(pg_catalog.=) $1
)sql";
constexpr char kSweep[] = R"sql(
DELETE FROM {t} WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(
  SELECT ctid FROM {t}
  WHERE recorded_at OPERATOR(pg_catalog.<)
    (pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => $1))
  ORDER BY recorded_at LIMIT {n} FOR UPDATE SKIP LOCKED))
)sql";
// Room on a page for the outcome, so that recording it touches no index.
constexpr char kCreateTable[] = R"sql(CREATE TABLE IF NOT EXISTS {t} (
  role name NOT NULL DEFAULT current_user,
  key text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  format smallint,
  outcome bytea,
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (role, key)
) WITH (fillfactor = 70))sql";
constexpr char kCreateIndex[] = "CREATE INDEX IF NOT EXISTS {i} ON {t} (recorded_at)";
constexpr char kIndexSuffix[] = "_recorded_at";

constexpr TypeOid kBytea = 17;
constexpr TypeOid kName = 19;
constexpr TypeOid kInt2 = 21;
constexpr TypeOid kText = 25;

std::string Quoted(const std::string& identifier) {
  return StrCat("\"", absl::StrReplaceAll(identifier, {{"\"", "\"\""}}), "\"");
}

std::string Fill(const char* sql, const IdempotencyTable& table) {
  return absl::StrReplaceAll(sql, {{"{t}", QualifiedName(table)},
                                   {"{i}", Quoted(table.name + kIndexSuffix)},
                                   {"{n}", std::to_string(kSweepRows)}});
}

Parameter Text(TypeOid type, const std::string& value) {
  return {.type = type, .is_binary = false, .value = value};
}
Parameter Bytes(const std::string& value) {
  return {.type = kBytea, .is_binary = true, .value = value};
}

Statement Plain(const char* sql, const IdempotencyTable& table,
                std::vector<Parameter> parameters) {
  return {.sql = Fill(sql, table),
          .parameters = std::move(parameters),
          .kind = StatementKind::kPlain};
}

}  // namespace

std::string QualifiedName(const IdempotencyTable& table) {
  return StrCat(Quoted(table.schema), ".", Quoted(table.name));
}

Statement ReserveKeyStatement(const IdempotencyTable& table, const std::string& key,
                              const std::string& digest) {
  return Plain(kReserve, table, {Text(kText, key), Bytes(digest)});
}

Statement RecordOutcomeStatement(const IdempotencyTable& table, const std::string& role,
                                 const std::string& key, const std::string& outcome) {
  return Plain(kRecord, table,
               {Text(kName, role), Text(kText, key),
                Text(kInt2, std::to_string(kOutcomeFormat)), Bytes(outcome)});
}

Statement ReadOutcomeStatement(const IdempotencyTable& table, const std::string& key,
                               const std::string& digest) {
  return Plain(kRead, table, {Text(kText, key), Bytes(digest)});
}

std::string SweepKeysSql(const IdempotencyTable& table) { return Fill(kSweep, table); }

std::string CreateSchemaSql(const IdempotencyTable& table) {
  return StrCat("CREATE SCHEMA IF NOT EXISTS ", Quoted(table.schema));
}

std::vector<std::string> CreateTableSql(const IdempotencyTable& table) {
  return {Fill(kCreateTable, table), Fill(kCreateIndex, table)};
}

std::vector<std::string> GrantSql(const IdempotencyTable& table,
                                  const std::string& role) {
  return {StrCat("GRANT USAGE ON SCHEMA ", Quoted(table.schema), " TO ", Quoted(role)),
          StrCat("GRANT SELECT, INSERT, UPDATE, DELETE ON ", QualifiedName(table), " TO ",
                 Quoted(role))};
}

std::string IdempotencyScript(const IdempotencyTable& table) {
  std::string script =
      "-- The table of pgsluice's idempotency keys. Run it in the database that the\n"
      "-- gateway serves, with psql and -v gateway=<the gateway's role>.\n";
  StrAppend(&script, CreateSchemaSql(table), ";\n");
  for (const std::string& sql : CreateTableSql(table)) StrAppend(&script, sql, ";\n");
  constexpr char kRole[] = "gateway";
  for (const std::string& sql : GrantSql(table, kRole)) {
    // psql quotes the variable's value.
    StrAppend(&script, absl::StrReplaceAll(sql, {{"TO \"gateway\"", "TO :\"gateway\""}}),
              ";\n");
  }
  return script;
}

}  // namespace pgsluice
