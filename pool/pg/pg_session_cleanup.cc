// Stopping a statement, and making a session as new.
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/post.hpp"

#include "pool/pg/pg_error.h"
#include "pool/pg/pg_session.h"
#include "pool/pg/result_handle.h"

namespace pgsluice {

namespace {

// How long a stopped caller waits for the statement's own last word, before it is told
// that the end was not seen.
constexpr absl::Duration kStopGrace = absl::Milliseconds(200);

// Rolls back whatever is open; a warning when nothing is.
constexpr char kRollback[] = "ROLLBACK";
// Any cancel still on its way hits this, or has hit nothing. Also the ping.
constexpr char kFence[] = "SELECT 1";
constexpr char kQueryCanceled[] = "57014";
constexpr char kFailedTransaction[] = "25P02";

// Takes no rows: drains what nobody reads any more.
class NoSink final : public RowSink {
 public:
  absl::Status OnColumns(const std::vector<ColumnInfo>&) override {
    return absl::OkStatus();
  }
  absl::StatusOr<SinkState> OnRow(std::span<const Cell>) override {
    return SinkState::kMore;
  }
};

}  // namespace

void PgSession::RequestStop(uint64_t id, StopReason reason) {
  asio::post(deps_.executor,
             [self = shared_from_this(), id, reason] { self->Stop(id, reason); });
}

void PgSession::Stop(uint64_t id, StopReason reason) {
  if (!IsUnderWay(id) || current_->stop_reason != StopReason::kNone) return;
  current_->stop_reason = reason;
  if (flight_.has_value()) {
    // What need not be sent any more is not.
    if (flight_->kind() == FlightKind::kIndependent) CutFlight();
    PressStop();
  } else if (current_->execution.phase != Phase::kCommit) {
    // A COMMIT is never cancelled: the answer could not be told from "rolled back".
    SendCancel();
  }
  grace_.Set(kStopGrace, [self = shared_from_this(), id] {
    if (!self->IsUnderWay(id)) return;
    self->current_->gave_up = true;
    if (self->connection_ != nullptr) self->connection_->Interrupt();
  });
}

bool PgSession::IsUnderWay(uint64_t id) const {
  if (!current_.has_value()) return false;
  return flight_.has_value() ? flight_->Has(id) : current_->execution.id == id;
}

// Cancels the leg that runs, of a flight that has been stopped.
void PgSession::PressStop() {
  if (!flight_.has_value() || current_->stop_reason == StopReason::kNone) return;
  if (flight_->DoubtPhase() != Phase::kCommit) {
    CancelLeg();
  } else if (connection_ != nullptr) {
    // A COMMIT is behind it: only who reads can tell that it is not that one that runs.
    is_woken_ = true;
    connection_->Interrupt();
  }
}

void PgSession::CancelLeg() {
  if (current_->was_cancelled || is_cancelling_ || !flight_->IsFrontSent()) return;
  if (current_->execution.phase == Phase::kCommit) return;
  // What the caller waits for has ended.
  if (flight_->front().asks_position) return;
  current_->was_cancelled = true;
  SendCancel();
}

void PgSession::SendCancel() {
  if (is_cancelling_ || facts_.is_broken) return;
  facts_.had_uncertain_cancel = true;
  if (!std::exchange(is_followed_, true)) deps_.cancel_tally->NoteCancelled();
  if (deps_.cancel_target == nullptr) return;  // PostgreSQL's own timeout will end it.
  is_cancelling_ = true;
  current_->is_cancel_due = true;
  deps_.canceler->Cancel({.target = deps_.cancel_target,
                          .is_wanted =
                              [weak = weak_from_this()] {
                                auto self = weak.lock();
                                return self != nullptr && self->IsCancelWanted();
                              },
                          .done =
                              [weak = weak_from_this()](CancelEnd end) {
                                if (auto self = weak.lock()) self->OnCancelEnd(end);
                              }});
}

// Asked on the session's shard, just before the request leaves: what it is meant for may
// have ended since.
bool PgSession::IsCancelWanted() {
  if (connection_ == nullptr || is_lost_) return false;
  if (!current_.has_value() || !current_->is_cancel_due) return false;
  // One that comes late meets the fence; but it must not meet a COMMIT.
  if (!flight_.has_value() || flight_->DoubtPhase() != Phase::kCommit) return true;
  PQconsumeInput(connection_->get());
  connection_->DropClosedSocket();
  if (PQisBusy(connection_->get()) != 0) return true;
  // Whoever waits for that input would not hear of it any more.
  current_->was_cancelled = false;
  is_woken_ = true;
  connection_->Interrupt();
  return false;
}

void PgSession::OnCancelEnd(CancelEnd end) {
  is_cancelling_ = false;
  if (end == CancelEnd::kUncertain) {
    // It may strike whatever runs then. What runs now may still end well.
    facts_.is_broken = true;
    if (lost_cause_.empty()) lost_cause_ = "a cancel request did not end in time";
  }
  cancel_end_.Cancel();
  PressStop();  // It may have come between two legs.
}

// PostgreSQL has ended all that it was asked to do.
void PgSession::NoteIdle() {
  if (std::exchange(is_followed_, false)) deps_.cancel_tally->NoteIdle();
}

asio::awaitable<void> PgSession::AwaitCancelEnd() {
  if (!is_cancelling_) co_return;
  co_await cancel_end_.Wait(deps_.cancel_budget);
  if (!is_cancelling_) co_return;
  // It may still arrive, at whatever runs then.
  facts_.is_broken = true;
  lost_cause_ = "a cancel request did not end in time";
}

void PgSession::CleanUp(const CleanUpPlan& plan, std::function<void(absl::Status)> done) {
  asio::co_spawn(deps_.executor, DoCleanUp(plan),
                 [self = shared_from_this(), done = std::move(done)](
                     const std::exception_ptr&, absl::Status status) { done(status); });
}

asio::awaitable<absl::Status> PgSession::DoCleanUp(CleanUpPlan plan) {
  auto self = shared_from_this();
  is_out_of_budget_ = false;
  is_cleaning_up_ = true;
  budget_.Set(deps_.cancel_budget, [self] {
    if (!self->is_cleaning_up_) return;
    self->is_out_of_budget_ = true;
    if (self->connection_ != nullptr) self->connection_->Interrupt();
  });

  if (plan.cancel_statement && current_.has_value()) {
    if (flight_.has_value()) {
      co_await DrainFlight();
    } else {
      co_await DrainCurrent();
    }
  }
  flight_.reset();
  co_await AwaitCancelEnd();
  absl::Status status = facts_.is_broken ? Internal(lost_cause_) : absl::OkStatus();
  if (status.ok() && plan.fence) status = co_await RunInternal(kFence);
  NoteTransactionStatus();
  if (status.ok() && facts_.transaction != TransactionStatus::kIdle) {
    status = co_await RunInternal(kRollback);
  }
  if (status.ok() && plan.reset) {
    status = co_await Reset();
  }

  is_cleaning_up_ = false;
  budget_.Cancel();
  if (status.ok()) {
    NoteTransactionStatus();
    if (facts_.transaction != TransactionStatus::kIdle) {
      status = Internal("the session is still in a transaction after its clean-up");
    }
  }
  if (status.ok()) facts_ = SessionFacts{};
  co_return status;
}

// Reads the statement that nobody waits for to its end.
asio::awaitable<void> PgSession::DrainCurrent() {
  if (current_->stop_reason == StopReason::kNone &&
      current_->execution.phase != Phase::kCommit) {
    SendCancel();
  }
  // The caller's statement is gone by now.
  static const Statement kNone;
  current_->execution.statement = &kNone;
  current_->gave_up = false;
  current_->has_columns = true;
  NoSink sink;
  while (TakeInput(sink) != Input::kEnded) {
    const bool is_read = co_await ReadInput();
    if (is_out_of_budget_ || (!is_read && PQisBusy(connection_->get()) != 0)) {
      facts_.is_broken = true;
      lost_cause_ = "a cancelled statement did not end in time";
      break;
    }
  }
  if (PQtransactionStatus(connection_->get()) != PQTRANS_ACTIVE && !is_lost_) NoteIdle();
  grace_.Cancel();
  current_.reset();
  facts_.has_statement_in_progress = false;
}

// Reads the flight that nobody waits for to its end.
asio::awaitable<void> PgSession::DrainFlight() {
  current_->gave_up = false;
  if (flight_->NextUnsent() != nullptr) {
    if (flight_->kind() == FlightKind::kAtomic) {
      // Half of it must not be committed: without a Sync it is not.
      facts_.is_broken = is_lost_ = true;
      lost_cause_ = "a flight was left before all of it was sent";
    } else {
      CutFlight();
    }
  }
  // Nothing of the caller's is sent from here on.
  static const Statement kNone;
  if (flight_->front().owner == LegOwner::kCaller) {
    current_->execution.statement = &kNone;
  }
  flight_->ForgetStatements(kNone);
  if (current_->stop_reason == StopReason::kNone) {
    current_->stop_reason = StopReason::kCancelled;
  }
  PressStop();
  NoSink sink;
  while (flight_.has_value() && !flight_->IsAnswered() && !is_lost_) {
    if (TakeLeg(sink) == Input::kEnded) {
      EndLeg();
    } else {
      co_await AwaitFlight();
    }
    if (is_out_of_budget_ && !facts_.is_broken) {
      facts_.is_broken = is_lost_ = true;
      lost_cause_ = "a cancelled flight did not end in time";
    }
  }
  grace_.Cancel();
  flight_.reset();
  answer_.reset();
  current_.reset();
  facts_.has_statement_in_progress = false;
}

asio::awaitable<absl::Status> PgSession::RunInternal(std::string sql) {
  std::vector<std::string> ignored;
  co_return co_await AskInternal(std::move(sql), &ignored);
}

asio::awaitable<absl::Status> PgSession::AskInternal(std::string sql,
                                                     std::vector<std::string>* row) {
  if (PQsendQuery(connection_->get(), sql.c_str()) == 0) {
    facts_.is_broken = true;
    co_return Internal(ConnectionError(connection_->get()));
  }
  absl::Status status = co_await Flush();
  while (status.ok()) {
    while (PQisBusy(connection_->get()) != 0) {
      const bool is_read = co_await ReadInput();
      if (is_cleaning_up_ && is_out_of_budget_) {
        facts_.is_broken = true;
        co_return Internal("a clean-up did not end in time");
      }
      if (!is_read && PQisBusy(connection_->get()) != 0) {
        // Before a caller's statement: nothing of it was sent.
        if (current_.has_value() && current_->gave_up) {
          co_return StoppedUnfinished(Context());
        }
        co_return Broken(/*statement_sent=*/false);
      }
    }
    ResultHandle result(PQgetResult(connection_->get()));
    if (result == nullptr) break;
    if (PQntuples(result.get()) > 0) {
      row->clear();
      for (int i = 0; i < PQnfields(result.get()); ++i) {
        row->push_back(PQgetvalue(result.get(), PQntuples(result.get()) - 1, i));
      }
    }
    if (PQresultStatus(result.get()) != PGRES_FATAL_ERROR) continue;
    const PostgresFields fields = FieldsOf(result.get());
    const bool was_fended =
        fields.sqlstate == kQueryCanceled || fields.sqlstate == kFailedTransaction;
    if (was_fended && sql == kFence) continue;
    if (fields.sqlstate.empty()) facts_.is_broken = true;
    status = PostgresError(fields, Context());
  }
  co_return status;
}

}  // namespace pgsluice
