#include "server/convert/statement_from_proto.h"

#include <optional>
#include <string>

#include "pool/error.h"
#include "server/convert/parameter_from_value.h"
#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

absl::Status CheckSql(const std::string& sql, const StatementLimits& limits) {
  if (sql.size() > limits.max_sql_bytes) {
    return InvalidRequest(
        "statement.sql",
        "has " + std::to_string(sql.size()) + " bytes; at most " +
            std::to_string(limits.max_sql_bytes) +
            " are allowed (limits.max_sql_bytes): send data as parameters");
  }
  if (sql.find('\0') != sql.npos) {
    return InvalidRequest("statement.sql", "has a NUL character");
  }
  if (!IsValidUtf8(sql)) return InvalidRequest("statement.sql", "is not valid UTF-8");
  return absl::OkStatus();
}

absl::Status CheckKind(StatementKind kind) {
  switch (kind) {
    case StatementKind::kPlain:
    case StatementKind::kOther: return absl::OkStatus();
    case StatementKind::kTransactionControl:
      return StatementRefused(
          "TRANSACTION_CONTROL",
          "transaction control (BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ...) cannot be sent "
          "as "
          "SQL; use the Transaction call and its begin, commit, rollback and savepoint "
          "requests");
    case StatementKind::kCopy:
      return StatementRefused("COPY_REFUSED",
                              "COPY cannot be sent through the gateway; read with "
                              "StreamQuery, load with INSERT "
                              "... SELECT FROM unnest($1, $2) and array parameters");
    case StatementKind::kListen:
      return StatementRefused("LISTEN_REFUSED",
                              "LISTEN cannot work on a session that calls share; listen "
                              "on a connection of your "
                              "own to PostgreSQL, or read from a table");
    case StatementKind::kEmpty:
      return StatementRefused("EMPTY_STATEMENT",
                              "statement.sql holds no statement; send one");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Statement> StatementFromProto(const v1::Statement& proto,
                                             const StatementLimits& limits) {
  if (absl::Status status = CheckSql(proto.sql(), limits); !status.ok()) return status;
  const StatementKind kind = ClassifyStatement(proto.sql());
  if (absl::Status status = CheckKind(kind); !status.ok()) return status;

  absl::StatusOr<std::vector<Parameter>> parameters =
      ParametersFromProto(proto, limits, {});
  if (!parameters.ok()) return parameters.status();
  return Statement{
      .sql = proto.sql(), .parameters = *std::move(parameters), .kind = kind};
}

absl::StatusOr<std::vector<Parameter>> ParametersFromProto(
    const v1::Statement& proto, const StatementLimits& limits,
    std::span<const TypeOid> types) {
  const size_t count = static_cast<size_t>(proto.parameters_size());
  if (count > limits.max_parameters) {
    return InvalidRequest("statement.parameters",
                          "are " + std::to_string(count) + "; at most " +
                              std::to_string(limits.max_parameters) +
                              " are possible: send arrays instead");
  }

  std::vector<Parameter> parameters(count);
  for (size_t i = 0; i < count; ++i) {
    const v1::Value& value = proto.parameters(static_cast<int>(i));
    const std::optional<ValueProblem> problem =
        i < types.size() ? ParameterOfType(value, types[i], parameters[i])
                         : ParameterFromValue(value, parameters[i]);
    if (problem) {
      return InvalidRequest(
          "statement.parameters[" + std::to_string(i) + "]" + problem->path,
          problem->description);
    }
  }
  return parameters;
}

}  // namespace pgsluice
