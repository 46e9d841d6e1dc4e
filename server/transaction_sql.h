// The statements of transaction control that the gateway itself sends. Rules file.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "pgsluice/v1/transaction.pb.h"
#include "pool/statement.h"

namespace pgsluice {

// BEGIN with isolation, access and deferrable mode; or why these do not go together.
absl::StatusOr<Statement> BeginStatement(const v1::Begin& begin);
Statement CommitStatement();
Statement RollbackStatement();

// The savepoint around a statement, with auto_savepoint.
Statement AutoSavepointStatement();
Statement UndoAutoSavepointStatement();
Statement ReleaseAutoSavepointStatement();

// With the name quoted as an identifier. Names have 1 to 63 bytes, without NUL.
absl::StatusOr<Statement> SavepointStatement(const std::string& name);
absl::StatusOr<Statement> RollbackToStatement(const std::string& name);
absl::StatusOr<Statement> ReleaseStatement(const std::string& name);

}  // namespace pgsluice
