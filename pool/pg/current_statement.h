// What a session knows of a statement from Start to its end; in a flight, of the leg that
// is being read. Confined to its session's shard.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "pool/result.h"
#include "pool/session.h"
#include "pool/stop_signal.h"

namespace pgsluice {

struct CurrentStatement {
  explicit CurrentStatement(const Execution& started) : execution(started) {}

  Execution execution;
  StopReason stop_reason = StopReason::kNone;
  bool gave_up = false;        // Stopped, and the grace for its result is over.
  bool has_columns = false;    // The sink knows them.
  bool has_rows = false;       // The sink has seen rows: not to be sent again.
  bool is_cancel_due = false;  // A cancel is meant for it, and may not have left yet.
  bool was_resent = false;     // Once, after a lost or outdated prepared statement.
  absl::Status error;          // From PostgreSQL or the sink; the first one stays.
  bool was_refused = false;    // PostgreSQL reported an error.
  std::string sqlstate;        // Of an error from PostgreSQL.
  std::string prepared_name;   // Empty: sent unprepared.
  CommandResult result;
  // In a flight:
  bool was_cancelled = false;
  bool was_skipped = false;    // For an error before it.
  bool has_prepared = false;   // Its Parse has succeeded.
  bool is_row_by_row = false;  // libpq knows that it is to give single rows.
};

}  // namespace pgsluice
