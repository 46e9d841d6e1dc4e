// Reading a flight, leg by leg.
#include <utility>

#include "pool/no_rows.h"
#include "pool/pg/pg_session.h"
#include "pool/pg/result_handle.h"

namespace pgsluice {

asio::awaitable<absl::StatusOr<Fetched>> PgSession::FetchLeg(RowSink& sink) {
  NoRows none;  // Of legs of the gateway's own.
  while (true) {
    // Whoever has been told that the end was not seen must not be told of it later. But
    // what has ended is told, whatever trails behind it.
    if (current_->gave_up && answer_.has_value() && !IsCommitDue()) {
      co_return AnswerOf(*std::exchange(answer_, std::nullopt));
    }
    if (current_->gave_up) {
      answer_.reset();
      co_return StoppedUnfinished(LostContext());
    }
    const bool is_callers = flight_->front().owner == LegOwner::kCaller;
    const bool asks_position = flight_->front().asks_position;
    const bool commits = flight_->front().commits;
    RowSink& own = asks_position ? static_cast<RowSink&>(position_) : none;
    const Input input = TakeLeg(is_callers ? sink : own);
    if (input == Input::kFull) co_return Fetched{};
    if (input == Input::kNeeded) {
      co_await AwaitFlight();
      continue;
    }
    Current ended = EndLeg();
    if (asks_position) {
      TakePosition(ended);
    } else if (commits) {
      TakeCommit(std::move(ended));
    } else if (is_callers) {
      answer_ = std::move(ended);
    }
    if (!answer_.has_value()) continue;
    const bool has_trail =
        flight_.has_value() && flight_->front().owner == LegOwner::kTrail;
    if (has_trail && (!is_lost_ || IsCommitDue())) continue;
    Current answer = std::move(*answer_);
    answer_.reset();
    if (!IsPreparedLost(answer) || !MayRunAgain(answer)) {
      co_return AnswerOf(std::move(answer));
    }
    const Execution execution = answer.execution;
    (void)AnswerOf(std::move(answer));  // Forgets the prepared statement.
    absl::Status sent = co_await RunAgain(execution);
    if (!sent.ok()) co_return sent;
    co_return co_await Fetch(sink);
  }
}

// Whether the answer is a write's that a COMMIT behind it can make last.
bool PgSession::CanBeCommitted() const {
  return answer_.has_value() && !answer_->was_refused &&
         !answer_->result.command_tag.empty();
}

// Whether that COMMIT has not ended yet.
bool PgSession::IsCommitDue() const {
  return CanBeCommitted() && flight_.has_value() && flight_->front().commits;
}

// What became of its COMMIT is what became of the write.
void PgSession::TakeCommit(Current ended) {
  if (!CanBeCommitted()) return;
  if (ended.error.ok() && ended.result.command_tag != "COMMIT") {
    // PostgreSQL answers the COMMIT of a failed transaction so.
    ended.error = TransactionEnded("TRANSACTION_FAILED", "it had failed before COMMIT");
  }
  if (!ended.error.ok()) {
    answer_->error = OfSingleStatement(ended.error);
    answer_->was_refused = true;  // So nothing of it is said to have taken effect.
  }
  for (NoticeInfo& notice : ended.result.notices) {
    answer_->result.notices.push_back(std::move(notice));
  }
}

// What trails behind a write has ended. Without an answer, the write has no position.
void PgSession::TakePosition(const Current& ended) {
  if (IsPreparedLost(ended)) statements_.Clear();
  const bool has_position = answer_.has_value() && answer_->error.ok() &&
                            ended.error.ok() && !ended.was_skipped;
  if (has_position) answer_->result.position = position_.position();
}

// After a prepared statement was lost: the last one of a flight, of which nothing ran; in
// no transaction, or one of the gateway's own.
bool PgSession::MayRunAgain(const Current& ended) const {
  if (flight_.has_value() || ended.was_resent) return false;
  switch (ended.execution.phase) {
    case Phase::kAutocommit:
      return ended.stop_reason == StopReason::kNone &&
             facts_.transaction == TransactionStatus::kIdle;
    case Phase::kUncommitted:
      return ended.stop_reason == StopReason::kNone &&
             facts_.transaction == TransactionStatus::kFailed;
    case Phase::kRead: return facts_.transaction == TransactionStatus::kFailed;
    default: return false;
  }
}

asio::awaitable<absl::Status> PgSession::RunAgain(Execution execution) {
  const bool is_open = facts_.transaction == TransactionStatus::kFailed;
  current_.emplace(execution);
  current_->was_resent = true;
  facts_.has_statement_in_progress = true;
  facts_.transaction = TransactionStatus::kActive;
  if (is_open) {
    absl::Status rolled_back = co_await RunInternal("ROLLBACK");
    if (!rolled_back.ok()) co_return rolled_back;
  }
  const bool is_read = execution.phase == Phase::kRead;
  const bool is_plain = !is_read && !execution.wants_position &&
                        execution.settings == nullptr && !IsLabelled(execution);
  if (is_plain) co_return co_await Send();
  std::vector<PgLeg> legs(1);
  legs[0].execution = execution;
  legs[0].may_be_prepared = false;
  if (is_read) {
    GuardReads(FlightKind::kAtomic, legs);
    co_return Launch(FlightKind::kAtomic, std::move(legs));
  }
  GuardWrites(legs);
  AddLabelLegs(legs);
  AddPositionLegs(legs);
  co_return Launch(FlightKind::kIndependent, std::move(legs));
}

// Sends what is left to be sent, and waits for input. Returns early when something may
// have changed.
asio::awaitable<void> PgSession::AwaitFlight() {
  PGconn* const connection = connection_->get();
  const bool is_stopped = current_->stop_reason != StopReason::kNone;
  if (is_stopped && flight_->IsFrontSent() && !current_->was_cancelled) {
    // Its end may be here already: then the cancel would hit another leg.
    PQconsumeInput(connection);
    if (PQisBusy(connection) == 0) co_return;
    CancelLeg();
  }
  if (flight_->NextUnsent() != nullptr || has_unsent_output_) {
    if (!SendLegs()) {
      Broken(/*statement_sent=*/true).IgnoreError();  // The next look answers it.
      co_return;
    }
    // libpq reads when it cannot write, so that neither side waits for the other.
    if (flight_->IsFrontSent() && PQisBusy(connection) == 0) co_return;
  }
  const bool wants_to_send = flight_->NextUnsent() != nullptr || has_unsent_output_;
  bool is_ready = false;
  if (wants_to_send) {
    is_ready = co_await connection_->WaitEither();
  } else {
    is_ready = co_await connection_->WaitReadable();
  }
  if (is_ready) is_ready = PQconsumeInput(connection) == 1;
  const bool was_ended_by_us =
      std::exchange(is_woken_, false) || current_->gave_up || is_out_of_budget_;
  if (is_ready || was_ended_by_us || PQisBusy(connection) == 0) co_return;
  Broken(/*statement_sent=*/true).IgnoreError();
}

PgSession::Input PgSession::TakeLeg(RowSink& sink) {
  PGconn* const connection = connection_->get();
  bool was_end = false;
  while (!is_lost_) {
    if (!flight_->IsFrontSent()) {
      return flight_->is_cut() ? Input::kEnded : Input::kNeeded;
    }
    if (flight_->part() == LegPart::kExecute && !current_->is_row_by_row) {
      PQsetSingleRowMode(connection);
      current_->is_row_by_row = true;
    }
    if (PQisBusy(connection) != 0) return Input::kNeeded;
    ResultHandle result(PQgetResult(connection));
    if (result == nullptr) {
      // Not before: what is sent between an error and the end of its statement makes
      // libpq (15) lose that end.
      if (flight_->has_error() && flight_->SkipsUnsent()) CutFlight();
      if (flight_->part() == LegPart::kSync) {
        // Once, after an error that came with the Sync.
        if (std::exchange(was_end, true)) Broken(/*statement_sent=*/true).IgnoreError();
      } else if (!flight_->NextPart()) {
        return Input::kEnded;
      }
      continue;
    }
    was_end = false;
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) return Input::kEnded;
    const Input input = TakeLegResult(result.get(), sink);
    if (input != Input::kNeeded) return input;
  }
  return Input::kEnded;
}

PgSession::Input PgSession::TakeLegResult(const PGresult* result, RowSink& sink) {
  switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_ABORTED:
      if (!current_->was_refused) current_->was_skipped = true;
      return Input::kNeeded;
    case PGRES_COPY_IN:
      // Within a pipeline there is no way back.
      Abandon(StatementRefused("COPY_REFUSED", "COPY is not supported; use INSERT"));
      facts_.is_broken = is_lost_ = true;
      return Input::kEnded;
    case PGRES_COMMAND_OK:
      if (flight_->part() != LegPart::kPrepare) break;
      current_->has_prepared = true;
      return Input::kNeeded;
    default: break;
  }
  const Input input = TakeResult(result, sink);
  // A lost session's last word says of the legs behind only if it is the backend's own.
  const bool is_definite = !is_lost_ || IsOwnEnd(current_->sqlstate);
  if (current_->was_refused && is_definite) flight_->NoteError();
  return input;
}

// Nothing more of it is sent; what was sent is answered.
void PgSession::CutFlight() {
  if (!flight_->StopSending()) return;
  has_unsent_output_ = true;
  if (!SendSync()) Broken(/*statement_sent=*/true).IgnoreError();
}

// Why the front leg, or its end, was not seen.
absl::Status PgSession::WhyNotRun() const {
  if (current_->was_skipped || flight_->has_error()) {
    return lead_error_.ok() ? Skipped() : lead_error_;
  }
  if (!flight_->IsFrontSent() && !is_lost_) {
    if (!flight_->front().commits) return StoppedBeforeStart(current_->stop_reason);
    ErrorContext context = Context();
    context.phase = Phase::kUncommitted;
    return StoppedUnfinished(context);
  }
  if (has_ended_itself_) {
    return SessionLost(Context(), /*statement_sent=*/false, lost_cause_);
  }
  return SessionLost(LostContext(), flight_->IsFrontSent(), lost_cause_);
}

PgSession::Current PgSession::EndLeg() {
  const PgLeg& leg = flight_->front();
  const bool was_seen = flight_->IsFrontSent() && !is_lost_ && !current_->was_skipped;
  if (current_->error.ok() && !was_seen) current_->error = WhyNotRun();
  if (leg.is_prepared_here && !current_->has_prepared) {
    statements_.Erase(leg.prepared_name);
  }
  if (leg.sets_timeout) {
    NoteTimeoutLeg(leg, current_->error);
  } else {
    NoteTimeoutAfter(*current_->execution.statement, !current_->error.ok());
  }
  if (leg.owner == LegOwner::kLead && !leg.is_synced) lead_error_ = current_->error;
  Current ended = std::move(*current_);
  ended.prepared_name = leg.prepared_name;
  ended.was_resent = !leg.may_be_prepared;
  if (leg.is_committed_behind) ended.execution.phase = Phase::kAutocommit;
  flight_->Advance();
  last_turn_ = connection_->loop().turn();
  if (flight_->IsAnswered() && PQpipelineStatus(connection_->get()) != PQ_PIPELINE_OFF) {
    LeavePipeline();
  }
  if (flight_->IsOver()) {
    flight_.reset();
    current_.reset();
    grace_.Cancel();
  } else {
    EnterLeg(ended.stop_reason, ended.gave_up);
  }
  return ended;
}

void PgSession::LeavePipeline() {
  facts_.has_statement_in_progress = false;
  if (is_lost_) return;
  if (PQexitPipelineMode(connection_->get()) == 0) {
    Broken(/*statement_sent=*/false).IgnoreError();
    return;
  }
  NoteTransactionStatus();
  NoteIdle();
}

}  // namespace pgsluice
