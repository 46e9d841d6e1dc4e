#include "server/transaction_flight.h"

#include <algorithm>
#include <utility>

#include "pool/commit_evidence.h"
#include "server/commit_doubt.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/row_encoder.h"
#include "server/convert/times.h"
#include "server/statement_report.h"
#include "server/statement_run.h"
#include "server/statement_stop.h"
#include "server/transaction_sql.h"

namespace pgsluice {

namespace {

// Sessions found dead in a row before the call gives up.
constexpr int kMaxBegins = 20;

// Control statements return no rows.
class NoRows final : public RowSink {
 public:
  absl::Status OnColumns(const std::vector<ColumnInfo>&) override {
    return absl::OkStatus();
  }
  absl::StatusOr<SinkState> OnRow(std::span<const Cell>) override {
    return SinkState::kMore;
  }
};

}  // namespace

asio::awaitable<absl::Status> TransactionFlight::Run(std::vector<TurnPart> turn,
                                                     bool has_auto_savepoint) {
  has_auto_savepoint_ = has_auto_savepoint;
  turn_ = std::move(turn);
  legs_ = LegsOf(turn_, has_auto_savepoint_);
  // A transaction that may only read leaves nothing in doubt.
  if (deps_.environment.limits.resolve_commits &&
      deps_.options.route.intent == Intent::kWrite) {
    AddEvidenceLeg(legs_);
  }
  ends_ = std::vector<End>(legs_.size());
  answered_ = 0;
  failed_ = SIZE_MAX;
  note_ = {};
  if (!legs_.empty()) {
    absl::Status status = co_await Start();
    if (status.ok()) status = co_await FetchAll();
    if (status.ok()) status = co_await Conclude();
    const bool is_in_doubt = HasCommit() && IsInDoubt(status);
    if (is_in_doubt) co_return co_await SettleCommit(status);
    if (!status.ok()) co_return status;
  }
  co_return co_await AnswerRest();
}

asio::awaitable<absl::Status> TransactionFlight::Start() {
  std::vector<Execution> legs;
  for (const TurnLeg& leg : legs_) legs.push_back(leg.execution);
  if (legs_.front().task == LegTask::kBegin) co_return co_await TakeSession(legs);
  co_return co_await deps_.routed.lease.StartFlight(std::move(legs), FlightKind::kAtomic,
                                                    deps_.call.stop());
}

// A session that turns out to be gone has begun nothing: another one will do.
asio::awaitable<absl::Status> TransactionFlight::TakeSession(
    std::vector<Execution> legs) {
  absl::Status status;
  for (int i = 0; i < kMaxBegins; ++i) {
    RouteRequest route = deps_.options.route;
    route.kind = LeaseKind::kTransaction;
    route.caller = CallerOf(deps_.call, deps_.environment, deps_.options.tag);
    absl::StatusOr<RoutedLease> routed = co_await deps_.environment.cluster.Acquire(
        route, deps_.call.shard().index(), deps_.call.deadline(), deps_.call.stop());
    if (!routed.ok()) co_return routed.status();
    deps_.routed = *std::move(routed);
    NoteRoute();
    status = co_await deps_.routed.lease.StartFlight(legs, FlightKind::kAtomic,
                                                     deps_.call.stop());
    // Alone, BEGIN has nothing to lose whatever becomes of it: look at its end, too.
    if (status.ok() && legs.size() == 1) {
      co_await FetchLeg(legs_.front(), ends_.front());
      status = ends_.front().status;
    }
    if (status.ok()) break;
    deps_.routed.lease.Return();
    NudgeIfBlamed(deps_.environment, status);
    const auto details = DetailsOf(status);
    if (!details.has_value() || details->reason != "SESSION_LOST") break;
  }
  co_return status;
}

// When BEGIN is answered, the session may be back already.
void TransactionFlight::NoteRoute() {
  route_.set_endpoint(deps_.routed.lease.endpoint());
  route_.set_role(std::string(RoleName(deps_.routed.lease.role())));
  route_.set_reason(std::string(deps_.routed.reason));
}

asio::awaitable<absl::Status> TransactionFlight::FetchAll() {
  for (size_t i = 0; i < legs_.size(); ++i) {
    const bool is_lone_begin = legs_.size() == 1 && legs_[i].task == LegTask::kBegin;
    if (!is_lone_begin) co_await FetchLeg(legs_[i], ends_[i]);
    const bool has_failed = !ends_[i].status.ok();
    if (has_failed && legs_[i].task == LegTask::kBegin) co_return ends_[i].status;
    if (has_failed) failed_ = std::min(failed_, i);
    // With a COMMIT under way its end comes before all else: a caller who takes its time
    // must not keep us from knowing it. After an error it takes the end to know the
    // state.
    if (HasCommit() || failed_ != SIZE_MAX) continue;
    deps_.machine.OnStatementEnd(/*is_transaction_good=*/true);
    absl::Status taken = co_await AnswerLeg(i);
    if (!taken.ok()) co_return taken;
  }
  co_return absl::OkStatus();
}

asio::awaitable<void> TransactionFlight::FetchLeg(const TurnLeg& leg, End& end) {
  if (leg.task == LegTask::kStatement) {
    co_await FetchStatement(leg, end);
    co_return;
  }
  if (leg.task == LegTask::kNoteEvidence) {
    EvidenceSink sink(deps_.environment.cluster.SystemIdentifier());
    absl::StatusOr<Fetched> noted =
        co_await deps_.routed.lease.Fetch(sink, deps_.call.stop());
    end.status = noted.status();
    note_ = {.was_answered = noted.ok(), .evidence = sink.evidence()};
    co_return;
  }
  NoRows none;
  absl::StatusOr<Fetched> fetched =
      co_await deps_.routed.lease.Fetch(none, deps_.call.stop());
  end.status = fetched.status();
  if (fetched.ok()) end.command = std::move(fetched->result);
}

asio::awaitable<void> TransactionFlight::FetchStatement(const TurnLeg& leg, End& end) {
  const TurnPart& part = turn_[leg.part];
  const absl::Time begun = absl::Now();
  v1::QueryResponse& result = *end.response.mutable_result();
  end.response.set_seq(part.seq());
  streamed_ = absl::ZeroDuration();
  StatementStop stop(deps_.call, deps_.options.statement_timeout);
  if (part.request.has_query()) {
    end.status = co_await FetchRows(part, stop.signal(), end);
  } else {
    QueryRows rows(part.request.execute().encoding(), deps_.options.result, result);
    absl::StatusOr<Fetched> fetched = Fetched{};
    while (fetched.ok() && !fetched->is_complete) {
      fetched = co_await deps_.routed.lease.Fetch(rows, stop.signal());
    }
    end.status = fetched.status();
    if (fetched.ok()) CommandToProto(fetched->result, result);
  }
  const absl::Duration took = absl::Now() - begun;
  if (!WasSkipped(end.status)) Report(part, end, took, streamed_);
  if (!deps_.options.wants_report) co_return;
  *result.mutable_timing()->mutable_execute() = ToProto(took);
  result.mutable_route()->set_endpoint(deps_.routed.lease.endpoint());
}

asio::awaitable<absl::Status> TransactionFlight::FetchRows(const TurnPart& part,
                                                           StopSignal& stop, End& end) {
  v1::QueryResponse& result = *end.response.mutable_result();
  StreamRowsBuilder rows(part.request.query().encoding(),
                         deps_.environment.limits.stream_message_bytes);
  bool has_sent_columns = false;
  absl::Status status;
  while (status.ok()) {
    absl::StatusOr<Fetched> fetched = co_await deps_.routed.lease.Fetch(rows, stop);
    if (!fetched.ok()) co_return fetched.status();
    if (rows.has_rows()) {
      v1::TransactionResponse message;
      message.set_seq(part.seq());
      rows.TakeRows(*message.mutable_rows());
      if (!has_sent_columns) *message.mutable_rows()->mutable_columns() = rows.columns();
      has_sent_columns = true;
      const absl::Time written = absl::Now();
      status = co_await deps_.answers.Write(std::move(message));
      streamed_ += absl::Now() - written;
    }
    if (!fetched->is_complete) continue;
    *result.mutable_columns() = rows.columns();
    CommandToProto(fetched->result, result);
    result.set_row_count(rows.total_rows());
    break;
  }
  co_return status;
}

void TransactionFlight::Report(const TurnPart& part, const End& end, absl::Duration took,
                               absl::Duration streamed) const {
  ReportStatement(deps_.call, deps_.environment,
                  {.method = "Transaction",
                   .sql = part.statement->sql,
                   .endpoint = deps_.routed.lease.endpoint(),
                   .role = deps_.routed.lease.role(),
                   .tag = deps_.options.tag,
                   .queued = absl::ZeroDuration(),
                   .execute = took - streamed,
                   .stream = streamed,
                   .ended = absl::Now(),
                   .rows = end.response.result().row_count(),
                   .status = end.status});
}

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
    const bool may_be_undone = has_auto_savepoint_ && !HasCommit() &&
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
  absl::Status settled =
      co_await SettleDoubt(deps_.call, deps_.environment, std::move(doubt), note_);
  if (!settled.ok()) co_return settled;
  // The note came after the answers to all statements.
  while (answered_ + 1 < legs_.size()) {
    absl::Status taken = co_await AnswerLeg(answered_);
    if (!taken.ok()) co_return StreamStopped(deps_.call.stop().reason(), Phase::kCommit);
  }
  deps_.machine.OnEnded();
  // Named: g++ 12 destroys a braced argument of a co_await twice.
  const CommandResult unseen;
  co_return co_await deps_.answers.Committed(turn_.back().seq(), unseen, note_.evidence,
                                             CommitSource::kResolved);
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
  co_return co_await Run(std::move(turn), has_auto_savepoint_);
}

asio::awaitable<absl::Status> TransactionFlight::Rollback(uint64_t seq,
                                                          v1::RollbackCause cause) {
  const Statement rollback = RollbackStatement();
  NoRows none;
  // Unconfirmed, it is all the same: the pool closes the session, and PostgreSQL rolls
  // back.
  (void)co_await deps_.routed.lease.Execute(rollback, Phase::kTransaction, none,
                                            deps_.call.stop());
  deps_.machine.OnEnded();
  deps_.routed.lease.Return();
  co_return co_await deps_.answers.RolledBack(seq, cause);
}

}  // namespace pgsluice
