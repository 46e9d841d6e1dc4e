// Error fields and messages as libpq gives them.
#pragma once

#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "pool/error.h"
#include "pool/result.h"

namespace pgsluice {

PostgresFields FieldsOf(const PGresult* result);
NoticeInfo NoticeOf(const PGresult* result);
// libpq's last error on one line; it names host and user, never the password.
std::string ConnectionError(const PGconn* connection);
// Why a connect failed, out of that one line: PostgreSQL's error, if it made one, else
// libpq's. Wants the verbosity PQERRORS_VERBOSE, the only one that tells the SQLSTATE.
absl::Status ConnectError(std::string_view endpoint, std::string_view text);

}  // namespace pgsluice
