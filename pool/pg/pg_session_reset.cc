// Making a used session as new, its prepared statements kept.
#include "pool/pg/pg_session.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// One message, hence one round trip and one implicit transaction: all of it, or the
// session is closed. What DISCARD ALL does, in its order, but for the prepared
// statements; and more: the role that the login starts with (RESET ALL leaves roles
// alone), and a new seed for random(), which may have been set. Settings become those of
// the start-up packet, the login and the database again. From PostgreSQL 13
// (gen_random_uuid).
constexpr char kReset[] = R"(
  CLOSE ALL;
  SET SESSION AUTHORIZATION DEFAULT;
  RESET ROLE;
  RESET ALL;
  UNLISTEN *;
  SELECT pg_catalog.pg_advisory_unlock_all(),
         pg_catalog.setseed(pg_catalog.hashtext(pg_catalog.gen_random_uuid()::pg_catalog.text)
                            OPERATOR(pg_catalog./) 2147483648::pg_catalog.float8);
  DISCARD TEMP;
  DISCARD SEQUENCES;
  SELECT pg_catalog.count(*) FILTER (WHERE from_sql),
         pg_catalog.count(*) FILTER (WHERE NOT from_sql)
  FROM pg_catalog.pg_prepared_statements)";
constexpr char kDiscardAll[] = "DISCARD ALL";
constexpr char kDeallocateAll[] = "DEALLOCATE ALL";

}  // namespace

void PgSession::ForgetAllPrepared() {
  statements_.Clear();
  evicted_.clear();
}

asio::awaitable<absl::Status> PgSession::Reset() {
  if (deps_.options.reset == SessionReset::kFull) {
    absl::Status discarded = co_await RunInternal(kDiscardAll);
    if (!discarded.ok()) co_return discarded;
    ForgetAllPrepared();
  }
  std::vector<std::string> prepared;
  absl::Status status = co_await AskInternal(kReset, &prepared);
  if (!status.ok()) co_return status;
  timeout_.NoteReset();
  // Of a caller's LISTEN; libpq keeps them until they are taken.
  while (PGnotify* notification = PQnotifies(connection_->get())) {
    PQfreemem(notification);
  }
  // A caller may have prepared statements of its own, under any name, or deallocated
  // ours, from within functions as well: only the server knows.
  const std::vector<std::string> ours = {"0",
                                         StrCat(statements_.size() + evicted_.size())};
  if (prepared == ours) co_return absl::OkStatus();
  ForgetAllPrepared();
  co_return co_await RunInternal(kDeallocateAll);
}

}  // namespace pgsluice
