// Sending a flight and fetching its legs; what comes after is in
// transaction_flight_end.cc.
#include "server/transaction_flight.h"

#include <algorithm>
#include <utility>

#include "pool/no_rows.h"
#include "server/commit_doubt.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/route.h"
#include "server/convert/row_encoder.h"
#include "server/convert/times.h"
#include "server/statement_report.h"
#include "server/statement_run.h"
#include "server/statement_spans.h"
#include "server/statement_stop.h"

namespace pgsluice {

asio::awaitable<absl::Status> TransactionFlight::Run(std::vector<TurnPart> turn) {
  turn_ = std::move(turn);
  legs_ = LegsOf(turn_, deps_.habits.has_auto_savepoint);
  if (deps_.call.preamble() != nullptr) AddPreambleLeg(legs_, *deps_.call.preamble());
  answered_ = 0;
  failed_ = SIZE_MAX;
  note_ = {};
  const bool announces = deps_.habits.announces_commit && HasCommit() &&
                         deps_.options.route.intent == Intent::kWrite;
  if (announces && legs_.size() > 1) {
    legs_.pop_back();  // A turn of its own: see AnswerRest.
  } else if (announces) {
    absl::Status announced = co_await AnnounceCommit();
    if (!announced.ok()) co_return announced;
    const bool is_over = deps_.machine.state() == TransactionMachine::State::kEnded;
    if (is_over) co_return absl::OkStatus();
  } else {
    PlanNote();
  }
  ends_ = std::vector<End>(legs_.size());
  if (!legs_.empty()) {
    absl::Status status = co_await RunTurn();
    const bool is_in_doubt = HasCommit() && IsInDoubt(status);
    if (is_in_doubt) co_return co_await SettleCommit(status);
    if (!status.ok()) co_return status;
  }
  co_return co_await AnswerRest();
}

asio::awaitable<absl::Status> TransactionFlight::RunTurn() {
  SpanScope scope(deps_.call.spans(), "turn");
  absl::Status status = co_await Start();
  if (status.ok()) status = co_await FetchAll();
  if (status.ok()) status = co_await Conclude();
  TraceTurn(scope, status);
  co_return status;
}

// A transaction that may only read leaves nothing in doubt.
void TransactionFlight::PlanNote() {
  const bool is_wanted = HasCommit() && deps_.environment.limits.resolve_commits &&
                         deps_.options.route.intent == Intent::kWrite;
  if (!is_wanted) return;
  note_leg_.emplace(deps_.environment.cluster.SystemIdentifier());
  AddEvidenceLeg(legs_, note_leg_->execution());
}

// Takes the note in a round trip of its own and tells the caller, who knows whom to ask
// for then whatever becomes of us. A note that fails rolls back.
asio::awaitable<absl::Status> TransactionFlight::AnnounceCommit() {
  note_leg_.emplace(deps_.environment.cluster.SystemIdentifier());
  std::vector<Execution> legs = {note_leg_->execution()};
  std::vector<RowSink*> sinks = {&note_leg_->sink()};
  SpanScope scope(deps_.call.spans(), "note");
  const auto results = co_await deps_.routed.lease.RunFlight(
      std::move(legs), std::move(sinks), FlightKind::kAtomic, deps_.call.stop());
  const absl::Status& noted = results.front().status();
  const bool has_failed = deps_.routed.lease.transaction() == TransactionStatus::kFailed;
  if (!noted.ok() && !has_failed) co_return noted;
  if (!noted.ok()) {
    absl::Status told = co_await deps_.answers.Refuse(turn_.back().seq(), noted);
    if (!told.ok()) co_return told;
    co_return co_await Rollback(turn_.back().seq(), v1::ROLLBACK_CAUSE_FAILED);
  }
  note_ = note_leg_->Note(/*was_answered=*/true);
  if (!note_.evidence.has_value()) co_return absl::OkStatus();
  const CommitEvidence evidence = *note_.evidence;
  co_return co_await deps_.answers.Committing(turn_.back().seq(), evidence);
}

asio::awaitable<absl::Status> TransactionFlight::Start() {
  std::vector<Execution> legs;
  for (const TurnLeg& leg : legs_) legs.push_back(leg.execution);
  legs.back().wants_position = HasCommit() && deps_.environment.limits.write_tokens &&
                               deps_.options.route.intent == Intent::kWrite;
  if (deps_.options.statement_timeout > absl::ZeroDuration()) {
    const absl::Time deadline = absl::Now() + deps_.options.statement_timeout;
    for (Execution& leg : legs) leg.deadline = deadline;
  }
  if (legs_.front().task == LegTask::kBegin) co_return co_await TakeSession(legs);
  co_return co_await deps_.routed.lease.StartFlight(std::move(legs), FlightKind::kAtomic,
                                                    deps_.call.stop());
}

// A session that turns out to be gone has begun nothing: another one will do.
asio::awaitable<absl::Status> TransactionFlight::TakeSession(
    std::vector<Execution> legs) {
  absl::Status status;
  for (int i = 0; i < kMaxStarts; ++i) {
    RouteRequest route = deps_.options.route;
    route.kind = LeaseKind::kTransaction;
    route.caller = CallerOf(deps_.call, deps_.environment, deps_.options.tag);
    route.login = deps_.environment.limits.login;
    const absl::Time asked = absl::Now();
    absl::StatusOr<RoutedLease> routed = co_await deps_.environment.cluster.Acquire(
        route, deps_.call.shard().index(), deps_.call.deadline(), deps_.call.stop());
    CountRoute(deps_.environment, route, routed);
    TraceWait(deps_.call, asked, absl::Now(), routed);
    if (!routed.ok()) co_return routed.status();
    deps_.routed = *std::move(routed);
    NoteRoute();
    status = co_await deps_.routed.lease.StartFlight(legs, FlightKind::kAtomic,
                                                     deps_.call.stop());
    // Alone, BEGIN has nothing to lose whatever becomes of it: look at its end, too.
    if (status.ok() && IsOpening()) status = co_await FetchOpening();
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
  const Lease& lease = deps_.routed.lease;
  deps_.answers.NoteSession(absl::Now());
  RouteToProto(lease.endpoint(), lease.role(), deps_.routed.reason, deps_.routed.sight,
               route_);
}

bool TransactionFlight::IsOpening() const {
  return std::all_of(legs_.begin(), legs_.end(), [](const TurnLeg& leg) {
    return leg.task == LegTask::kBegin || leg.task == LegTask::kPreamble;
  });
}

asio::awaitable<absl::Status> TransactionFlight::FetchOpening() {
  for (size_t i = 0; i < legs_.size(); ++i) {
    co_await FetchLeg(legs_[i], ends_[i]);
    if (!ends_[i].status.ok()) co_return ends_[i].status;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> TransactionFlight::FetchAll() {
  const bool is_opening = IsOpening();
  for (size_t i = 0; i < legs_.size(); ++i) {
    if (!is_opening) co_await FetchLeg(legs_[i], ends_[i]);
    const bool has_failed = !ends_[i].status.ok();
    const bool is_of_begin =
        legs_[i].task == LegTask::kBegin || legs_[i].task == LegTask::kPreamble;
    if (has_failed && is_of_begin) co_return ends_[i].status;
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
    absl::StatusOr<Fetched> noted =
        co_await deps_.routed.lease.Fetch(note_leg_->sink(), deps_.call.stop());
    end.status = noted.status();
    note_ = note_leg_->Note(noted.ok());
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
  StatementStop stop(deps_.call, Narrow(deps_.options.statement_timeout, part.terms));
  if (part.request.has_query()) {
    end.status = co_await FetchRows(part, stop.signal(), end);
  } else {
    QueryRows rows(part.request.execute().encoding(),
                   Narrow(deps_.options.result, part.terms), result);
    absl::StatusOr<Fetched> fetched = Fetched{};
    while (fetched.ok() && !fetched->is_complete) {
      fetched = co_await deps_.routed.lease.Fetch(rows, stop.signal());
    }
    end.status = fetched.status();
    end.bytes = rows.bytes();
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
                         deps_.environment.limits.stream_message_bytes,
                         LimitsOf(part.terms));
  bool has_sent_columns = false;
  absl::Status status;
  while (status.ok()) {
    absl::StatusOr<Fetched> fetched = co_await deps_.routed.lease.Fetch(rows, stop);
    end.bytes = rows.total_bytes();
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

void TransactionFlight::TraceTurn(SpanScope& scope, const absl::Status& status) const {
  Span* span = scope.span();
  if (span == nullptr) return;
  span->Set("pgsluice.requests", static_cast<int64_t>(turn_.size()));
  span->Set("pgsluice.statements", static_cast<int64_t>(legs_.size()));
  if (HasCommit()) span->Set("pgsluice.commits", "true");
  SetFailure(status.ok() && failed_ != SIZE_MAX ? ends_[failed_].status : status, *span);
}

void TransactionFlight::Report(const TurnPart& part, const End& end, absl::Duration took,
                               absl::Duration streamed) const {
  const absl::Time now = absl::Now();
  TraceExecution(deps_.call,
                 {.sql = part.statement->sql,
                  .name = part.name(),
                  .endpoint = deps_.routed.lease.endpoint(),
                  .role = deps_.routed.lease.role(),
                  .tag = deps_.options.tag,
                  .begun = now - took,
                  .ended = now,
                  .rows = end.response.result().row_count()},
                 end.status);
  ReportStatement(deps_.call, deps_.environment,
                  {.method = "Transaction",
                   .sql = part.statement->sql,
                   .name = part.name(),
                   .endpoint = deps_.routed.lease.endpoint(),
                   .role = deps_.routed.lease.role(),
                   .tag = deps_.options.tag,
                   .queued = absl::ZeroDuration(),
                   .execute = took - streamed,
                   .stream = streamed,
                   .ended = now,
                   .rows = end.response.result().row_count(),
                   .bytes = end.bytes,
                   .status = end.status});
}

}  // namespace pgsluice
