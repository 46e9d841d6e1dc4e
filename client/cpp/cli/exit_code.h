// Exit statuses of the command: psql's.
#pragma once

namespace pgsluice::cli {

enum class ExitCode {
  kOk = 0,
  kUsage = 1,       // Our own: wrong arguments, unreadable file; not serving (health).
  kConnection = 2,  // The gateway cannot be reached, or lost.
  kSql = 3,         // The gateway or PostgreSQL refused the work.
};

}  // namespace pgsluice::cli
