#include "server/transaction_stream.h"

#include <algorithm>
#include <utility>

#include "pool/str_cat.h"
#include "server/call_source.h"
#include "server/caller_intent.h"
#include "server/transaction_flight.h"
#include "server/transaction_request.h"
#include "server/transaction_sql.h"

namespace pgsluice {

namespace {

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

bool OnlyReads(const v1::Begin& begin) {
  return begin.read_only() || begin.options().intent() == v1::INTENT_READ;
}

asio::awaitable<absl::Status> Nothing() { co_return absl::OkStatus(); }

}  // namespace

TransactionStream::TransactionStream(std::shared_ptr<TransactionCall> call,
                                     const CallEnvironment& environment)
    : call_(std::move(call)),
      environment_(environment),
      answers_(*call_, environment, machine_),
      limits_(environment.limits.transaction_idle_timeout,
              environment.limits.transaction_warning, absl::Now()),
      reader_(call_, environment.limits.transaction_window),
      total_(call_->shard().loop()) {
  call_->on_drain = [this](absl::Duration finish_within) {
    drain_notice_ = finish_within;
    reader_.Wake();
  };
}

TransactionStream::~TransactionStream() { call_->on_drain = nullptr; }

asio::awaitable<absl::Status> TransactionStream::Run() {
  auto wake_on_stop = call_->stop().Subscribe([this](StopReason) { reader_.Wake(); });
  while (machine_.state() != TransactionMachine::State::kEnded) {
    v1::TransactionRequest request;
    const Reader::Outcome outcome = co_await reader_.Next(request, limits_.NextLook());
    if (call_->stop().is_stopped()) co_return co_await EndStopped();
    absl::Status status;
    switch (outcome) {
      case Reader::Outcome::kRequest:
        status = co_await Serve(std::move(request));
        limits_.OnAnswered(absl::Now());
        break;
      case Reader::Outcome::kWoken: status = co_await AnnounceDrain(); break;
      case Reader::Outcome::kHalfClosed:
        co_return co_await EndUnasked(
            v1::ROLLBACK_CAUSE_HALF_CLOSED,
            TransactionEnded("HALF_CLOSED", "the caller closed its side without commit"));
      case Reader::Outcome::kIdle:
        status = co_await Tell(limits_.Take(absl::Now()));
        break;
    }
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> TransactionStream::Serve(v1::TransactionRequest request) {
  using Step = TransactionMachine::Step;
  if (!HasRequest(request) && !request.has_begin()) {
    co_return InvalidRequest("request", "is not set, or not known to this server");
  }
  if (request.then_commit() && !request.has_execute() && !request.has_query()) {
    co_return InvalidRequest("then_commit", "goes with execute and query only");
  }
  const uint64_t seq = request.seq();
  const bool begins = request.has_begin();
  TransactionMachine::Decision decision = machine_.OnRequest(
      begins ? TransactionMachine::Request::kBegin : KindOf(request), seq);
  TransactionFlight flight(
      {*call_, environment_, options_, habits_, routed_, machine_, answers_});
  switch (decision.step) {
    case Step::kBegin: break;
    case Step::kRunStatement: break;
    case Step::kCommit: break;
    case Step::kRollback:
      co_return co_await flight.Rollback(seq, v1::ROLLBACK_CAUSE_REQUESTED);
    case Step::kRollbackFailed:
      co_return co_await flight.Rollback(seq, v1::ROLLBACK_CAUSE_FAILED);
    case Step::kSkip: {
      absl::Status taken = co_await answers_.Skip(seq);
      if (!taken.ok() || !request.then_commit()) co_return taken;
      co_return co_await flight.Rollback(seq, v1::ROLLBACK_CAUSE_FAILED);
    }
    case Step::kRefuse: co_return co_await answers_.Refuse(seq, decision.error);
    case Step::kBreakStream: co_return decision.error;
  }
  const v1::Begin begin = request.begin();
  const bool is_odd =
      begins && HasRequest(request) && !request.has_execute() && !request.has_query();
  if (is_odd) {
    co_return InvalidRequest("begin", "may come with execute or query only");
  }
  if (begins) only_reads_ = OnlyReads(begin);
  TurnPart first = NextPart(std::move(request));
  if (begins) {
    absl::Status begun = Begin(begin, first);
    if (!begun.ok()) co_return begun;
  }
  std::vector<TurnPart> turn = TakeTurn(std::move(first));
  co_return co_await flight.Run(std::move(turn));
}

// Reads what begin asks for. The machine goes ahead: if BEGIN fails, the stream ends.
absl::Status TransactionStream::Begin(const v1::Begin& begin, TurnPart& part) {
  absl::StatusOr<CallOptions> options = CallOptionsFromProto(
      begin.options(), environment_.limits.result, environment_.limits.read_fallback);
  if (!options.ok()) return options.status();
  absl::Status intent = CheckIntent(*options, environment_.limits, *call_);
  if (!intent.ok()) return intent;
  absl::Status keyless =
      RefuseKey(*options,
                "goes with Query and Batch: what a transaction's client did between its "
                "statements cannot be recorded");
  if (!keyless.ok()) return keyless;
  absl::StatusOr<Statement> statement = BeginStatement(begin);
  if (!statement.ok()) return statement.status();
  absl::Status limited = SetLimits(begin);
  if (!limited.ok()) return limited;
  options_ = *std::move(options);
  habits_ = {.has_auto_savepoint = begin.auto_savepoint(),
             .announces_commit = begin.announce_commit()};
  part.begin = *std::move(statement);
  machine_.OnBegun();
  return absl::OkStatus();
}

absl::Status TransactionStream::SetLimits(const v1::Begin& begin) {
  const absl::Duration idle = FromProto(begin.idle_timeout());
  const absl::Duration total = FromProto(begin.total_timeout());
  if (idle < absl::ZeroDuration()) {
    return InvalidRequest("begin.idle_timeout", "must not be negative");
  }
  if (total < absl::ZeroDuration()) {
    return InvalidRequest("begin.total_timeout", "must not be negative");
  }
  const absl::Time now = absl::Now();
  limits_.OnBegin(idle, total, call_->deadline(), now);
  // Whatever runs then is stopped with the call.
  total_.Set(limits_.total_until() - now,
             [this] { call_->stop().Stop(StopReason::kDeadline); });
  return absl::OkStatus();
}

TurnPart TransactionStream::NextPart(v1::TransactionRequest request) const {
  TurnPart part = PartOf(std::move(request), SourceOf(environment_, *call_));
  if (only_reads_) RefuseWrite(part);
  return part;
}

std::vector<TurnPart> TransactionStream::TakeTurn(TurnPart first) {
  std::vector<TurnPart> turn;
  turn.push_back(std::move(first));
  const size_t window = environment_.limits.transaction_window;
  while (turn.size() < window && reader_.next() != nullptr &&
         MayJoin(turn, *reader_.next(), habits_.has_auto_savepoint)) {
    const v1::TransactionRequest& next = *reader_.next();
    const bool is_odd = next.then_commit() && !next.has_execute() && !next.has_query();
    // Refused in its own turn, as is a wrong seq.
    if (is_odd || !machine_.MayFollow(next.seq())) break;
    (void)machine_.OnRequest(KindOf(next), next.seq());
    turn.push_back(NextPart(reader_.Take()));
  }
  return turn;
}

asio::awaitable<absl::Status> TransactionStream::Tell(TransactionEvent event) {
  const absl::Time now = absl::Now();
  switch (event) {
    case TransactionEvent::kNone: break;
    case TransactionEvent::kIdleSoon:
      return answers_.Expiring(v1::TRANSACTION_LIMIT_IDLE, limits_.idle_until() - now);
    case TransactionEvent::kTotalSoon:
      return answers_.Expiring(v1::TRANSACTION_LIMIT_TOTAL, limits_.total_until() - now);
    case TransactionEvent::kIdle:
      return EndUnasked(v1::ROLLBACK_CAUSE_IDLE,
                        TransactionEnded("TRANSACTION_IDLE",
                                         StrCat("no request came for ",
                                                absl::FormatDuration(limits_.idle()))));
  }
  return Nothing();
}

asio::awaitable<absl::Status> TransactionStream::AnnounceDrain() {
  if (!drain_notice_.has_value()) co_return absl::OkStatus();
  const absl::Duration finish_within = *drain_notice_;
  drain_notice_.reset();
  co_return co_await answers_.Draining(finish_within);
}

asio::awaitable<absl::Status> TransactionStream::EndStopped() {
  const StopReason reason = call_->stop().reason();
  v1::RollbackCause cause = v1::ROLLBACK_CAUSE_UNSPECIFIED;
  if (reason == StopReason::kDraining) cause = v1::ROLLBACK_CAUSE_DRAINING;
  const bool has_expired =
      reason == StopReason::kDeadline && absl::Now() >= limits_.total_until();
  if (has_expired) cause = v1::ROLLBACK_CAUSE_EXPIRED;
  return EndUnasked(cause, TransactionStopped(reason));
}

asio::awaitable<absl::Status> TransactionStream::EndUnasked(v1::RollbackCause cause,
                                                            absl::Status status) {
  if (machine_.state() == TransactionMachine::State::kAwaitingBegin) {
    // Nothing was asked for, so closing is no failure.
    co_return cause == v1::ROLLBACK_CAUSE_HALF_CLOSED ? absl::OkStatus() : status;
  }
  const bool is_reachable = cause != v1::ROLLBACK_CAUSE_UNSPECIFIED;
  machine_.OnEnded();
  answers_.NoteEnd(TransactionOutcome::kAborted);
  // The pool rolls back behind the call's back: a stopped call cannot wait for it.
  routed_.lease.Return();
  if (is_reachable) (void)co_await answers_.RolledBack(0, cause);  // The status says it.
  co_return status;
}

}  // namespace pgsluice
