// The spans of what a call waits for: a session, PostgreSQL, its caller. They do nothing
// for a call that is not traced. Texts of errors, which may hold data, are in none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pool/routed_lease.h"
#include "server/rpc.h"

namespace pgsluice {

// From `asked` until now the call has waited for a session, which it has got or not: of a
// replica to be fresh enough first, and then in the queue, of which its session was maybe
// dialled for a part.
void TraceWait(CallBase& call, absl::Time asked, absl::Time now,
               const absl::StatusOr<RoutedLease>& routed);

// Statements that PostgreSQL has had.
struct TracedExecution {
  std::string_view sql = {};   // Of one statement; empty: of none, or of several.
  std::string_view name = {};  // Of that one, if it is a named one.
  size_t statements = 1;
  std::string_view endpoint;
  Role role = Role::kUnknown;
  std::string_view tag = {};
  absl::Time begun;
  absl::Time ended;
  // When there was something to send to the caller, before the end; else the past.
  absl::Time first_rows = absl::InfinitePast();
  uint64_t rows = 0;
  uint64_t attempt = 1;
};
void TraceExecution(CallBase& call, const TracedExecution& execution,
                    const absl::Status& status);

// From the first message to the last one; of that, the caller took `waited` to take them.
void TraceStream(CallBase& call, absl::Time begun, absl::Time ended,
                 absl::Duration waited);

// What the error says of itself without its text; nothing for OK.
void SetFailure(const absl::Status& status, Span& span);

}  // namespace pgsluice
