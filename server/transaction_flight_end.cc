// What a landed flight makes of its transaction, and the answers to its requests.
#include <utility>

#include "pool/no_rows.h"
#include "server/commit_doubt.h"
#include "server/statement_run.h"
#include "server/transaction_flight.h"
#include "server/transaction_sql.h"

namespace pgsluice {

// Why the transaction, which nobody ended, is over; OK when it is not.
absl::Status TransactionFlight::WhyOver(TransactionStatus transaction) const {
  const absl::Status error =
      failed_ == SIZE_MAX ? absl::OkStatus() : ends_[failed_].status;
  const bool is_open = transaction == TransactionStatus::kInTransaction ||
                       transaction == TransactionStatus::kFailed;
  if (!is_open) {
    // Lost with its session, given up, or ended by the statement itself.
    return error.ok() ? TransactionMisuse("the statement ended the transaction") : error;
  }
  return deps_.call.stop().is_stopped() ? error : absl::OkStatus();
}

// The flight has landed: what it makes of the transaction, and the answers that waited.
asio::awaitable<absl::Status> TransactionFlight::Conclude() {
  const bool has_ended = HasCommit() && ends_.back().status.ok();
  const TransactionStatus transaction = deps_.routed.lease.transaction();
  if (has_ended) {
    deps_.routed.lease.Return();
    deps_.machine.OnStatementEnd(/*is_transaction_good=*/true);  // So that it ended.
  } else {
    absl::Status over = WhyOver(transaction);
    if (!over.ok()) co_return over;
    deps_.machine.OnStatementEnd(transaction == TransactionStatus::kInTransaction);
  }
  if (failed_ != SIZE_MAX) {
    deps_.answers.NoteFailed(turn_[legs_[failed_].part].seq());
    const bool may_be_undone = deps_.habits.has_auto_savepoint && !HasCommit() &&
                               turn_[legs_[failed_].part].RunsSql() &&
                               transaction == TransactionStatus::kFailed;
    if (may_be_undone) {
      absl::Status undone = co_await UndoStatement();
      if (!undone.ok()) co_return undone;
    }
  }
  while (answered_ < legs_.size()) {
    absl::Status taken = co_await AnswerLeg(answered_);
    if (taken.ok()) continue;
    // The caller does not hear of the COMMIT: it must not hear of a rollback either.
    co_return has_ended ? StreamStopped(deps_.call.stop().reason(), Phase::kCommit)
                        : taken;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> TransactionFlight::UndoStatement() {
  const Statement undo = UndoAutoSavepointStatement();
  const Statement release = ReleaseAutoSavepointStatement();
  NoRows none;
  std::vector<Execution> legs = {{.statement = &undo, .phase = Phase::kTransaction},
                                 {.statement = &release, .phase = Phase::kTransaction}};
  std::vector<RowSink*> sinks = {&none, &none};
  const auto results = co_await deps_.routed.lease.RunFlight(
      std::move(legs), std::move(sinks), FlightKind::kAtomic, deps_.call.stop());
  for (const auto& result : results) {
    if (!result.ok()) co_return result.status();
  }
  deps_.machine.OnStatementEnd(/*is_transaction_good=*/true);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> TransactionFlight::AnswerLeg(size_t i) {
  answered_ = i + 1;
  const TurnLeg& leg = legs_[i];
  End& end = ends_[i];
  const uint64_t seq = turn_[leg.part].seq();
  switch (leg.task) {
    case LegTask::kBegin: co_return co_await deps_.answers.Begun(seq, route_);
    case LegTask::kStatement: break;
    case LegTask::kCommit: co_return co_await AnswerCommit();
    case LegTask::kPreamble:
    case LegTask::kSetSavepoint:
    case LegTask::kReleaseSavepoint:
    case LegTask::kNoteEvidence: co_return absl::OkStatus();
  }
  if (end.status.ok()) co_return co_await deps_.answers.Write(std::move(end.response));
  if (WasSkipped(end.status)) co_return co_await deps_.answers.Skip(seq);
  co_return co_await deps_.answers.Refuse(seq, end.status);
}

asio::awaitable<absl::Status> TransactionFlight::AnswerCommit() {
  End& end = ends_.back();
  const uint64_t seq = turn_.back().seq();
  if (!end.status.ok()) {
    co_return co_await Rollback(seq, v1::ROLLBACK_CAUSE_FAILED);
  }
  deps_.machine.OnEnded();
  // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and no error.
  if (end.command.command_tag != "COMMIT") {
    co_return co_await deps_.answers.RolledBack(seq, v1::ROLLBACK_CAUSE_FAILED);
  }
  co_return co_await deps_.answers.Committed(seq, std::move(end.command), note_.evidence,
                                             CommitSource::kAnswer);
}

// The session was lost during COMMIT. Answers, or says what ends the stream.
asio::awaitable<absl::Status> TransactionFlight::SettleCommit(absl::Status doubt) {
  deps_.routed.lease.Return();
  absl::StatusOr<CommandResult> settled =
      co_await SettleDoubt(deps_.call, deps_.environment, std::move(doubt), note_);
  if (!settled.ok()) co_return settled.status();
  // The note came after the answers to all statements.
  while (answered_ + 1 < legs_.size()) {
    absl::Status taken = co_await AnswerLeg(answered_);
    if (!taken.ok()) co_return StreamStopped(deps_.call.stop().reason(), Phase::kCommit);
  }
  deps_.machine.OnEnded();
  co_return co_await deps_.answers.Committed(turn_.back().seq(), *std::move(settled),
                                             note_.evidence, CommitSource::kResolved);
}

// What was not part of the flight: a statement that was refused, and a COMMIT that waited
// for rows to be taken.
asio::awaitable<absl::Status> TransactionFlight::AnswerRest() {
  const TurnPart& last = turn_.back();
  const bool has_failed = !last.refused.ok() || failed_ != SIZE_MAX;
  const bool commits = last.commits && !HasCommit();
  const uint64_t seq = last.seq();
  if (!last.refused.ok()) {
    const bool is_skipped = deps_.machine.state() == TransactionMachine::State::kFailed;
    absl::Status taken;
    if (is_skipped) {
      taken = co_await deps_.answers.Skip(seq);
    } else {
      taken = co_await deps_.answers.Refuse(seq, last.refused);
    }
    if (!taken.ok()) co_return taken;
  }
  if (!commits) co_return absl::OkStatus();
  if (has_failed) co_return co_await Rollback(seq, v1::ROLLBACK_CAUSE_FAILED);
  TurnPart commit;
  commit.request.set_seq(seq);
  commit.request.mutable_commit();
  commit.commits = true;
  std::vector<TurnPart> turn;
  turn.push_back(std::move(commit));
  co_return co_await Run(std::move(turn));
}

asio::awaitable<absl::Status> TransactionFlight::Rollback(uint64_t seq,
                                                          v1::RollbackCause cause) {
  const Statement rollback = RollbackStatement();
  NoRows none;
  SpanScope scope(deps_.call.spans(), "rollback");
  // Unconfirmed, it is all the same: the pool closes the session, and PostgreSQL rolls
  // back.
  (void)co_await deps_.routed.lease.Execute(rollback, Phase::kTransaction, none,
                                            deps_.call.stop());
  deps_.machine.OnEnded();
  deps_.routed.lease.Return();
  co_return co_await deps_.answers.RolledBack(seq, cause);
}

}  // namespace pgsluice
