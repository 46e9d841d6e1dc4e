// Reading results of a session.
#include <utility>

#include "absl/strings/numbers.h"

#include "pool/error_lost.h"
#include "pool/pg/pg_error.h"
#include "pool/pg/pg_session.h"
#include "pool/pg/result_handle.h"
#include "pool/statement_kind.h"

namespace pgsluice {

asio::awaitable<absl::StatusOr<Fetched>> PgSession::Fetch(RowSink& sink) {
  auto self = shared_from_this();
  if (!current_.has_value()) co_return Internal("no statement was started");
  if (flight_.has_value()) co_return co_await FetchLeg(sink);
  while (true) {
    switch (TakeInput(sink)) {
      case Input::kFull: co_return Fetched{};
      case Input::kEnded: {
        if (ShouldSendAgain()) {
          ForgetPrepared();
          absl::Status sent = co_await Send();
          if (!sent.ok()) co_return sent;
          continue;
        }
        co_return EndStatement();
      }
      case Input::kNeeded: break;
    }
    if (current_->gave_up) co_return StoppedUnfinished(Context());
    // Not within the condition: g++ 12 mishandles the temporaries of a co_await there.
    const bool is_read = co_await ReadInput();
    if (!is_read && !current_->gave_up && PQisBusy(connection_->get()) != 0) {
      co_return Broken(/*statement_sent=*/true);
    }
  }
}

PgSession::Input PgSession::TakeInput(RowSink& sink) {
  while (PQisBusy(connection_->get()) == 0) {
    ResultHandle result(PQgetResult(connection_->get()));
    if (result == nullptr) return Input::kEnded;
    const Input input = TakeResult(result.get(), sink);
    if (input != Input::kNeeded) return input;
  }
  return Input::kNeeded;
}

PgSession::Input PgSession::TakeResult(const PGresult* result, RowSink& sink) {
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE: return TakeRow(result, 0, sink);
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: {
      TakeColumns(result, sink);
      CommandResult& outcome = current_->result;
      outcome.command_tag = PQcmdStatus(const_cast<PGresult*>(result));
      // For SELECT the number is that of the rows, which the sink has counted.
      if (!outcome.command_tag.starts_with("SELECT") &&
          !absl::SimpleAtoi(PQcmdTuples(const_cast<PGresult*>(result)),
                            &outcome.rows_affected)) {
        outcome.rows_affected = 0;
      }
      return Input::kNeeded;
    }
    case PGRES_EMPTY_QUERY:
      Abandon(StatementRefused("EMPTY_STATEMENT", "the statement is empty"));
      return Input::kNeeded;
    case PGRES_COPY_IN: RefuseCopyIn(); return Input::kNeeded;
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
      // The rest of it would have to be read: closing is cheaper.
      Abandon(StatementRefused("COPY_REFUSED", "COPY is not supported; use StreamQuery"));
      facts_.is_broken = facts_.was_given_up = true;
      is_lost_ = true;
      return Input::kEnded;
    default: TakeError(result); return Input::kNeeded;
  }
}

void PgSession::RefuseCopyIn() {
  Abandon(StatementRefused("COPY_REFUSED", "COPY is not supported; use INSERT"));
  if (PQputCopyEnd(connection_->get(), "COPY is not supported by pgsluice") != 1) {
    facts_.is_broken = facts_.was_given_up = true;
  }
}

PgSession::Input PgSession::TakeRow(const PGresult* result, int row, RowSink& sink) {
  TakeColumns(result, sink);
  if (!current_->error.ok()) return Input::kNeeded;  // Read on to the statement's end.
  const int columns = PQnfields(result);
  cells_.resize(columns);
  for (int i = 0; i < columns; ++i) {
    cells_[i] = PQgetisnull(result, row, i) != 0
                    ? Cell{}
                    : Cell{PQgetvalue(result, row, i), PQgetlength(result, row, i)};
  }
  current_->has_rows = true;
  absl::StatusOr<SinkState> state = sink.OnRow(cells_);
  if (!state.ok()) {
    Abandon(state.status());
    return Input::kNeeded;
  }
  return *state == SinkState::kFull ? Input::kFull : Input::kNeeded;
}

void PgSession::TakeColumns(const PGresult* result, RowSink& sink) {
  if (current_->has_columns || !current_->error.ok()) return;
  current_->has_columns = true;
  std::vector<ColumnInfo> columns(PQnfields(result));
  for (int i = 0; i < static_cast<int>(columns.size()); ++i) {
    columns[i] = ColumnInfo{.name = PQfname(result, i),
                            .type_oid = PQftype(result, i),
                            .type_modifier = PQfmod(result, i),
                            .table_oid = PQftable(result, i),
                            .table_column = PQftablecol(result, i)};
  }
  absl::Status taken = sink.OnColumns(columns);
  if (!taken.ok()) Abandon(std::move(taken));
}

// A backend that says itself that it was ended (57P01, 57P05, 25P03, ...) has not gone on
// to the legs behind. One that somebody else reports as gone (a pooler, 08) may have.
bool PgSession::IsOwnEnd(std::string_view sqlstate) {
  return sqlstate.starts_with("57P") || sqlstate.starts_with("25P");
}

// Others than plain statements may commit on the way (CALL, VACUUM, ...).
bool PgSession::IsUnfinishedForSure(const PGresult* result) const {
  return current_->execution.phase == Phase::kAutocommit &&
         current_->result.command_tag.empty() && EndedItselfUnfinished(result) &&
         ClassifyStatement(current_->execution.statement->sql) == StatementKind::kPlain;
}

void PgSession::TakeError(const PGresult* result) {
  const PostgresFields fields = FieldsOf(result);
  if (fields.sqlstate.empty()) {
    // libpq speaks for itself: the connection is gone, or the protocol out of step.
    lost_cause_ = fields.message;
    absl::Status lost = Broken(/*statement_sent=*/true);
    if (current_->error.ok()) current_->error = std::move(lost);
    return;
  }
  const bool is_end = fields.severity == "FATAL" || fields.severity == "PANIC";
  if (is_end) lost_cause_ = fields.message;
  const bool is_own_end = is_end && IsOwnEnd(fields.sqlstate);
  has_ended_itself_ = has_ended_itself_ || is_own_end;
  absl::Status error =
      PostgresError(fields, is_end && !is_own_end ? LostContext() : Context());
  // In the place of BEGIN: nothing ran, and another session will do.
  if (is_own_end && Context().phase == Phase::kConnect) {
    error = SessionLost(Context(), /*statement_sent=*/false, fields.message);
  }
  if (IsUnfinishedForSure(result)) error = EndedUnfinished(fields, Context());
  const auto details = DetailsOf(error);
  if (details.has_value() && details->blame != Blame::kStatement) facts_.is_broken = true;
  if (is_end) facts_.is_broken = is_lost_ = true;
  current_->was_refused = true;
  // A server that goes away says so, and then libpq says that it went: keep the first.
  if (current_->error.ok()) {
    current_->error = std::move(error);
    current_->sqlstate = fields.sqlstate;
  }
}

void PgSession::Abandon(absl::Status error) {
  if (!current_->error.ok()) return;
  current_->error = std::move(error);
  SendCancel();
}

// 26000: the prepared statement is gone (a caller ran DEALLOCATE or DISCARD).
// 0A000: its result type changed with the table. Neither executed anything.
bool PgSession::IsPreparedLost(const Current& statement) {
  if (statement.prepared_name.empty() || statement.has_rows) return false;
  if (statement.sqlstate == "26000") return true;
  return statement.sqlstate == "0A000" &&
         statement.error.message().find("cached plan") != std::string_view::npos;
}

bool PgSession::ShouldSendAgain() const {
  // In a transaction it is too late, the transaction has failed.
  return !current_->was_resent && IsPreparedLost(*current_) &&
         PQtransactionStatus(connection_->get()) == PQTRANS_IDLE;
}

void PgSession::ForgetPrepared() {
  if (current_->sqlstate == "26000") statements_.Clear();
  if (current_->sqlstate == "0A000") statements_.Erase(current_->prepared_name);
  // Unprepared this time: the statement's turn to be prepared anew comes later.
  current_->was_resent = true;
  current_->error = absl::OkStatus();
  current_->sqlstate.clear();
}

absl::StatusOr<Fetched> PgSession::EndStatement() {
  NoteTimeoutAfter(*current_->execution.statement, !current_->error.ok());
  NoteTransactionStatus();
  if (!is_lost_) NoteIdle();
  facts_.has_statement_in_progress = false;
  grace_.Cancel();
  last_turn_ = connection_->loop().turn();
  Current ended = std::move(*current_);
  current_.reset();
  return AnswerOf(std::move(ended));
}

absl::StatusOr<Fetched> PgSession::AnswerOf(Current ended) {
  if (ended.error.ok()) {
    return Fetched{.is_complete = true, .result = std::move(ended.result)};
  }
  if (ended.sqlstate == "26000") statements_.Clear();
  if (ended.sqlstate == "0A000") statements_.Erase(ended.prepared_name);
  if (IsPreparedLost(ended)) {
    return PreparedOutdated(ended.error, ended.execution.phase);
  }
  // Our cancel came too late: what it changed is there.
  const bool has_taken_effect = ended.execution.phase == Phase::kAutocommit &&
                                !ended.was_refused && ended.result.rows_affected > 0;
  return has_taken_effect ? DespiteEffect(ended.error) : ended.error;
}

}  // namespace pgsluice
