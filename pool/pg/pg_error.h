// Error fields and messages as libpq gives them.
#pragma once

#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "pool/error.h"
#include "pool/result.h"

namespace pgsluice {

PostgresFields FieldsOf(const PGresult* result);
// The backend's own last word, said where it looks for interrupts. It does so while a
// statement runs, but not while it commits; and in the extended protocol it commits a
// plain statement at the Sync, behind the tag that tells that the statement is complete.
// So if no tag has come before this, the statement is rolled back. A pooler in between
// cannot be meant: it names no place in PostgreSQL's source.
bool EndedItselfUnfinished(const PGresult* result);
NoticeInfo NoticeOf(const PGresult* result);
// libpq's last error on one line; it names host and user, never the password.
std::string ConnectionError(const PGconn* connection);
// Why a connect failed, out of that one line: PostgreSQL's error, if it made one, else
// libpq's. Wants the verbosity PQERRORS_VERBOSE, the only one that tells the SQLSTATE.
absl::Status ConnectError(std::string_view endpoint, std::string_view text);
// The SQLSTATE in such a line, empty if there is none; takes it, and the line of
// PostgreSQL's source, out of the text.
std::string TakeSqlstate(std::string& text);

}  // namespace pgsluice
