// Error fields and messages as libpq gives them.
#pragma once

#include <string>

#include <libpq-fe.h>

#include "pool/error.h"
#include "pool/result.h"

namespace pgsluice {

PostgresFields FieldsOf(const PGresult* result);
NoticeInfo NoticeOf(const PGresult* result);
// libpq's last error on one line; it names host and user, never the password.
std::string ConnectionError(const PGconn* connection);

}  // namespace pgsluice
