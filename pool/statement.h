// A statement as it goes to PostgreSQL: SQL, parameters, and what kind it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pool/statement_kind.h"

namespace pgsluice {

// PostgreSQL's object identifier, as libpq's Oid.
using TypeOid = uint32_t;

struct Parameter {
  // 0 leaves the type for PostgreSQL to infer.
  TypeOid type = 0;
  // True when `value` is in PostgreSQL's binary format (bytea); else its text format,
  // free of NUL characters.
  bool is_binary = false;
  // Absent: SQL NULL.
  std::optional<std::string> value;
};

struct Statement {
  std::string sql;  // UTF-8, free of NUL characters.
  std::vector<Parameter> parameters;
  StatementKind kind = StatementKind::kOther;  // From ClassifyStatement(sql).
};

}  // namespace pgsluice
