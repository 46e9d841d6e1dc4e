// The SQL around the table of idempotency keys. PostgreSQL 10 and later. Rules file.
#pragma once

#include <string>
#include <vector>

#include "pool/idempotency.h"
#include "pool/statement.h"

namespace pgsluice {

// Schema and name, each quoted.
std::string QualifiedName(const IdempotencyTable& table);

// To be run just behind BEGIN. Fails with a unique violation when the key is there, after
// waiting for another transaction that has written it to end. One row: the role that it
// is written for.
Statement ReserveKeyStatement(const IdempotencyTable& table, const std::string& key,
                              const std::string& digest);
// To be run just before COMMIT. `role`: as ReserveKeyStatement has given it; the
// statement between may have set another.
Statement RecordOutcomeStatement(const IdempotencyTable& table, const std::string& role,
                                 const std::string& key, const std::string& outcome);
// One row, if the key is there: whether it came with that digest (a bool), the outcome's
// format, the outcome in hex if the digest is the same.
Statement ReadOutcomeStatement(const IdempotencyTable& table, const std::string& key,
                               const std::string& digest);

// On the control path. Deletes at most kSweepRows keys older than $1 seconds; rows that
// another gateway has at hand are left to it.
inline constexpr int kSweepRows = 1000;
std::string SweepKeysSql(const IdempotencyTable& table);
// In order; what is there already is left as it is. Without the schema's.
std::vector<std::string> CreateTableSql(const IdempotencyTable& table);
std::string CreateSchemaSql(const IdempotencyTable& table);
// What a role needs that does not own the table.
std::vector<std::string> GrantSql(const IdempotencyTable& table, const std::string& role);
// All of it as a script, for whoever may create the table.
std::string IdempotencyScript(const IdempotencyTable& table);

}  // namespace pgsluice
