// Bounding statements on the server, too: PostgreSQL's own statement_timeout follows the
// deadlines of calls, without a round trip of its own.
#include <algorithm>

#include "absl/time/clock.h"

#include "pool/pg/pg_session.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// A COMMIT has no time limit, and BEGIN and savepoints need none.
bool IsBounded(const Execution& leg) {
  return leg.statement->kind != StatementKind::kTransactionControl &&
         leg.phase != Phase::kCommit;
}

}  // namespace

// For all of a flight: none of its statements runs longer.
std::optional<absl::Duration> PgSession::NextTimeout(
    std::span<const Execution> legs) const {
  absl::Time deadline = absl::InfiniteFuture();
  bool has_bounded = false;
  for (const Execution& leg : legs) {
    if (!IsBounded(leg)) continue;
    has_bounded = true;
    deadline = std::min(deadline, leg.deadline);
  }
  // In a failed transaction nothing can be set, and nothing runs.
  if (!has_bounded || facts_.transaction == TransactionStatus::kFailed) {
    return std::nullopt;
  }
  return timeout_.Next(deadline - absl::Now());
}

// Outside a transaction first of all, and for good: the next statements will mostly need
// none. Within one just before what it is meant for, and until the transaction's end.
void PgSession::AddTimeoutLeg(absl::Duration timeout, std::vector<PgLeg>& legs) {
  const bool is_local = facts_.transaction == TransactionStatus::kInTransaction;
  // SET takes no parameters.
  const std::string value = timeout > absl::ZeroDuration()
                                ? StrCat(absl::ToInt64Milliseconds(timeout))
                                : std::string("DEFAULT");
  set_timeout_.sql =
      StrCat(is_local ? "SET LOCAL" : "SET", " statement_timeout TO ", value);
  set_timeout_.kind = StatementKind::kTransactionControl;
  next_timeout_ = timeout;
  PgLeg leg{.execution = {.statement = &set_timeout_, .phase = Phase::kRead},
            .owner = LegOwner::kLead};
  leg.is_synced = !is_local;
  leg.sets_timeout = true;
  auto place = legs.begin();
  if (is_local) {
    place = std::find_if(legs.begin(), legs.end(),
                         [](const PgLeg& other) { return IsBounded(other.execution); });
  }
  legs.insert(place, std::move(leg));
}

void PgSession::NoteTimeoutLeg(const PgLeg& leg, const absl::Status& status) {
  if (leg.is_synced) {
    if (!status.ok()) {
      timeout_.NoteSetUnknown();
    } else if (next_timeout_ > absl::ZeroDuration()) {
      timeout_.NoteSet(next_timeout_);
    } else {
      timeout_.NoteReset();
    }
  } else if (status.ok()) {
    timeout_.NoteSetLocal(next_timeout_);
  } else {
    timeout_.NoteLocalUnknown();
  }
}

// An error, or a savepoint rolled back, takes with it what was set since.
void PgSession::NoteTimeoutAfter(const Statement& statement, bool has_failed) {
  if (has_failed || statement.sql.starts_with("ROLLBACK")) {
    timeout_.NoteLocalUnknown();
  }
}

}  // namespace pgsluice
