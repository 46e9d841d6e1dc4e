#include "server/transaction_sql.h"

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// PostgreSQL cuts longer names without a word.
constexpr size_t kMaxNameBytes = 63;

Statement Control(std::string sql) {
  return Statement{.sql = std::move(sql),
                   .parameters = {},
                   .kind = StatementKind::kTransactionControl};
}

absl::StatusOr<Statement> Named(std::string_view command, std::string_view field,
                                const std::string& name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return InvalidRequest(field, "must have 1 to 63 bytes");
  }
  if (name.find('\0') != std::string::npos) {
    return InvalidRequest(field, "must not hold a NUL character");
  }
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return Control(StrCat(command, quoted));
}

}  // namespace

absl::StatusOr<Statement> BeginStatement(const v1::Begin& begin) {
  std::string sql = "BEGIN";
  switch (begin.isolation()) {
    case v1::ISOLATION_UNSPECIFIED: break;
    case v1::ISOLATION_READ_COMMITTED: sql += " ISOLATION LEVEL READ COMMITTED"; break;
    case v1::ISOLATION_REPEATABLE_READ: sql += " ISOLATION LEVEL REPEATABLE READ"; break;
    case v1::ISOLATION_SERIALIZABLE: sql += " ISOLATION LEVEL SERIALIZABLE"; break;
    default:
      return InvalidRequest("begin.isolation", "is not a level that this server knows");
  }
  const bool is_read = begin.options().intent() == v1::INTENT_READ;
  if (is_read && begin.isolation() == v1::ISOLATION_SERIALIZABLE &&
      !begin.options().freshness().strong()) {
    return InvalidRequest(
        "begin.isolation",
        "SERIALIZABLE is not possible on a replica; use intent WRITE with "
        "read_only, or freshness strong");
  }
  if (begin.deferrable() && is_read) {
    return InvalidRequest("begin.deferrable",
                          "not on a replica; use intent WRITE with read_only");
  }
  if (is_read || begin.read_only()) sql += " READ ONLY";
  if (begin.deferrable()) sql += " DEFERRABLE";
  return Control(std::move(sql));
}

Statement CommitStatement() { return Control("COMMIT"); }
Statement RollbackStatement() { return Control("ROLLBACK"); }

Statement AutoSavepointStatement() { return Control("SAVEPOINT pgsluice_auto"); }
Statement UndoAutoSavepointStatement() {
  return Control("ROLLBACK TO SAVEPOINT pgsluice_auto");
}
Statement ReleaseAutoSavepointStatement() {
  return Control("RELEASE SAVEPOINT pgsluice_auto");
}

absl::StatusOr<Statement> SavepointStatement(const std::string& name) {
  return Named("SAVEPOINT ", "savepoint.name", name);
}
absl::StatusOr<Statement> RollbackToStatement(const std::string& name) {
  return Named("ROLLBACK TO SAVEPOINT ", "rollback_to.name", name);
}
absl::StatusOr<Statement> ReleaseStatement(const std::string& name) {
  return Named("RELEASE SAVEPOINT ", "release.name", name);
}

}  // namespace pgsluice
