// What a statement is, by its leading keywords: enough to refuse what cannot work and
// to know whether a session may be left as new. Never used to route. Rules file.
#pragma once

#include <string_view>

namespace pgsluice {

enum class StatementKind {
  kPlain,               // SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE or WITH.
  kTransactionControl,  // BEGIN, START, COMMIT, END, ROLLBACK, ABORT, SAVEPOINT,
                        // RELEASE, PREPARE TRANSACTION, SET TRANSACTION,
                        // COMMIT/ROLLBACK PREPARED.
  kCopy,                // COPY: has no place in the request/response protocol.
  kListen,              // LISTEN: a shared session cannot deliver notifications.
  kEmpty,               // Nothing but white space, comments and semicolons.
  kOther,               // Anything else; may leave state behind on the session.
};

// Skips white space, comments (nested ones too) and opening parentheses.
StatementKind ClassifyStatement(std::string_view sql);

}  // namespace pgsluice
