// Checks a statement of a request and makes it ready for PostgreSQL. Rules file.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/v1/value.pb.h"
#include "pool/statement.h"

namespace pgsluice {

struct StatementLimits {
  size_t max_sql_bytes = size_t{1} << 20;
  // PostgreSQL's protocol counts parameters in 16 bits.
  size_t max_parameters = 65535;

  bool operator==(const StatementLimits&) const = default;
};

// Of one sent as SQL. Errors name the field, from "statement" on
// ("statement.parameters[2].text"). Refuses what cannot work here: no statement, COPY,
// LISTEN, transaction control.
absl::StatusOr<Statement> StatementFromProto(const v1::Statement& proto,
                                             const StatementLimits& limits);

// Its parameters alone; those with a place in `types` are of that type, whatever type
// they name.
absl::StatusOr<std::vector<Parameter>> ParametersFromProto(
    const v1::Statement& proto, const StatementLimits& limits,
    std::span<const TypeOid> types);

}  // namespace pgsluice
