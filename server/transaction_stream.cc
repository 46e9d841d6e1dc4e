#include "server/transaction_stream.h"

#include <algorithm>

#include "pool/str_cat.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/row_encoder.h"
#include "server/convert/times.h"
#include "server/stall_guard.h"
#include "server/statement_report.h"
#include "server/statement_run.h"
#include "server/statement_stop.h"
#include "server/transaction_request.h"
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

v1::TransactionState StateOf(const TransactionMachine& machine) {
  switch (machine.state()) {
    case TransactionMachine::State::kAwaitingBegin:
      return v1::TRANSACTION_STATE_UNSPECIFIED;
    case TransactionMachine::State::kActive: return v1::TRANSACTION_STATE_ACTIVE;
    case TransactionMachine::State::kFailed: return v1::TRANSACTION_STATE_FAILED;
    case TransactionMachine::State::kEnded: return v1::TRANSACTION_STATE_ENDED;
  }
  return v1::TRANSACTION_STATE_UNSPECIFIED;
}

}  // namespace

TransactionStream::TransactionStream(std::shared_ptr<TransactionCall> call,
                                     const CallEnvironment& environment)
    : call_(std::move(call)),
      environment_(environment),
      reader_(call_),
      idle_timeout_(environment.limits.transaction_idle_timeout) {
  call_->on_drain = [this](absl::Duration finish_within) {
    drain_notice_ = finish_within;
    reader_.Wake();
  };
}

TransactionStream::~TransactionStream() { call_->on_drain = nullptr; }

asio::awaitable<absl::Status> TransactionStream::Run() {
  auto wake_on_stop = call_->stop().Subscribe([this](StopReason) { reader_.Wake(); });
  absl::Time idle_until = absl::Now() + idle_timeout_;
  while (machine_.state() != TransactionMachine::State::kEnded) {
    v1::TransactionRequest request;
    const Reader::Outcome outcome = co_await reader_.Next(request, idle_until);
    if (call_->stop().is_stopped()) {
      const StopReason reason = call_->stop().reason();
      co_return co_await EndUnasked(reason == StopReason::kDraining
                                        ? v1::ROLLBACK_CAUSE_DRAINING
                                        : v1::ROLLBACK_CAUSE_UNSPECIFIED,
                                    TransactionStopped(reason));
    }
    absl::Status status;
    switch (outcome) {
      case Reader::Outcome::kRequest:
        status = co_await Serve(request);
        idle_until = absl::Now() + idle_timeout_;
        break;
      case Reader::Outcome::kWoken: status = co_await AnnounceDrain(); break;
      case Reader::Outcome::kHalfClosed:
        co_return co_await EndUnasked(
            v1::ROLLBACK_CAUSE_HALF_CLOSED,
            TransactionEnded("HALF_CLOSED", "the caller closed its side without commit"));
      case Reader::Outcome::kIdle:
        co_return co_await EndUnasked(
            v1::ROLLBACK_CAUSE_IDLE,
            TransactionEnded(
                "TRANSACTION_IDLE",
                StrCat("no request came for ", absl::FormatDuration(idle_timeout_))));
    }
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> TransactionStream::Serve(
    const v1::TransactionRequest& request) {
  if (request.request_case() == v1::TransactionRequest::REQUEST_NOT_SET) {
    co_return InvalidRequest("request", "is not set, or not known to this server");
  }
  const TransactionMachine::Decision decision =
      machine_.OnRequest(KindOf(request), request.seq());
  switch (decision.step) {
    case TransactionMachine::Step::kBegin: co_return co_await Begin(request);
    case TransactionMachine::Step::kRunStatement:
      co_return co_await RunStatement(request);
    case TransactionMachine::Step::kCommit: co_return co_await Commit(request.seq());
    case TransactionMachine::Step::kRollback:
      co_return co_await Rollback(request.seq(), v1::ROLLBACK_CAUSE_REQUESTED);
    case TransactionMachine::Step::kRollbackFailed:
      co_return co_await Rollback(request.seq(), v1::ROLLBACK_CAUSE_FAILED);
    case TransactionMachine::Step::kRefuse:
      co_return co_await Refuse(request.seq(), decision.error);
    case TransactionMachine::Step::kBreakStream: co_return decision.error;
  }
  co_return Internal("unknown step");
}

asio::awaitable<absl::Status> TransactionStream::Begin(
    const v1::TransactionRequest& request) {
  const v1::Begin& begin = request.begin();
  absl::StatusOr<CallOptions> options = CallOptionsFromProto(
      begin.options(), environment_.limits.result, environment_.limits.read_fallback);
  if (!options.ok()) co_return options.status();
  absl::StatusOr<Statement> statement = BeginStatement(begin);
  if (!statement.ok()) co_return statement.status();
  options_ = *std::move(options);
  const absl::Duration asked_idle = absl::Seconds(begin.idle_timeout().seconds()) +
                                    absl::Nanoseconds(begin.idle_timeout().nanos());
  if (asked_idle < absl::ZeroDuration()) {
    co_return InvalidRequest("begin.idle_timeout", "must not be negative");
  }
  if (asked_idle > absl::ZeroDuration())
    idle_timeout_ = std::min(idle_timeout_, asked_idle);

  absl::Status begun = co_await TakeSession(*statement);
  if (!begun.ok()) co_return begun;
  machine_.OnBegun();
  v1::TransactionResponse response;
  response.set_seq(request.seq());
  v1::Route& route = *response.mutable_begun()->mutable_route();
  route.set_endpoint(routed_.lease.endpoint());
  route.set_role(std::string(RoleName(routed_.lease.role())));
  route.set_reason(std::string(routed_.reason));
  co_return co_await Write(response);
}

// A session that turns out to be gone has begun nothing: another one will do.
asio::awaitable<absl::Status> TransactionStream::TakeSession(const Statement& begin) {
  absl::Status status;
  for (int i = 0; i < kMaxBegins; ++i) {
    RouteRequest route = options_.route;
    route.kind = LeaseKind::kTransaction;
    route.caller = CallerOf(*call_, environment_, options_.tag);
    absl::StatusOr<RoutedLease> routed = co_await environment_.cluster.Acquire(
        route, call_->shard().index(), call_->deadline(), call_->stop());
    if (!routed.ok()) co_return routed.status();
    routed_ = *std::move(routed);
    NoRows none;
    absl::StatusOr<CommandResult> begun =
        co_await routed_.lease.Execute(begin, Phase::kConnect, none, call_->stop());
    status = begun.status();
    if (status.ok()) break;
    routed_.lease.Return();
    NudgeIfBlamed(environment_, status);
    const auto details = DetailsOf(status);
    if (!details.has_value() || details->reason != "SESSION_LOST") break;
  }
  co_return status;
}

asio::awaitable<absl::Status> TransactionStream::RunStatement(
    const v1::TransactionRequest& request) {
  absl::StatusOr<Statement> statement =
      StatementOf(request, environment_.limits.statement);
  // Never sent, so the transaction is as it was.
  if (!statement.ok()) co_return co_await Refuse(request.seq(), statement.status());

  v1::TransactionResponse response;
  response.set_seq(request.seq());
  v1::QueryResponse& result = *response.mutable_result();
  const absl::Time begun = absl::Now();
  streamed_ = absl::ZeroDuration();
  absl::Status status;
  if (request.has_query()) {
    status = co_await StreamRows(request, *statement, result);
  } else {
    QueryRows rows(request.execute().encoding(), options_.result, result);
    CommandResult command;
    status = co_await Execute(*statement, rows, command);
    if (status.ok()) CommandToProto(command, result);
  }
  const absl::Time ended = absl::Now();
  const absl::Duration took = ended - begun;
  ReportStatement(*call_, environment_,
                  {.method = "Transaction",
                   .sql = statement->sql,
                   .endpoint = routed_.lease.endpoint(),
                   .role = routed_.lease.role(),
                   .tag = options_.tag,
                   .queued = absl::ZeroDuration(),
                   .execute = took - streamed_,
                   .stream = streamed_,
                   .ended = ended,
                   .rows = result.row_count(),
                   .status = status});

  const TransactionStatus transaction = routed_.lease.transaction();
  const bool is_good = transaction == TransactionStatus::kInTransaction;
  if (!is_good && transaction != TransactionStatus::kFailed) {
    // Lost with its session, given up, or ended by the statement itself.
    co_return status.ok() ? TransactionMisuse("the statement ended the transaction")
                          : status;
  }
  machine_.OnStatementEnd(is_good);
  if (call_->stop().is_stopped() && !status.ok()) co_return status;
  if (!status.ok()) co_return co_await Refuse(request.seq(), status);
  if (options_.wants_report) {
    *result.mutable_timing()->mutable_execute() = ToProto(took);
    result.mutable_route()->set_endpoint(routed_.lease.endpoint());
  }
  co_return co_await Write(response);
}

asio::awaitable<absl::Status> TransactionStream::Execute(const Statement& statement,
                                                         RowSink& sink,
                                                         CommandResult& result) {
  StatementStop stop(*call_, options_.statement_timeout);
  absl::StatusOr<CommandResult> executed =
      co_await routed_.lease.Execute(statement, Phase::kTransaction, sink, stop.signal());
  if (!executed.ok()) co_return executed.status();
  result = *std::move(executed);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> TransactionStream::StreamRows(
    const v1::TransactionRequest& request, const Statement& statement,
    v1::QueryResponse& end) {
  StatementStop stop(*call_, options_.statement_timeout);
  StreamRowsBuilder rows(request.query().encoding(),
                         environment_.limits.stream_message_bytes);
  bool has_sent_columns = false;
  absl::Status status =
      co_await routed_.lease.Start(statement, Phase::kTransaction, stop.signal());
  while (status.ok()) {
    absl::StatusOr<Fetched> fetched = co_await routed_.lease.Fetch(rows, stop.signal());
    if (!fetched.ok()) co_return fetched.status();
    if (rows.has_rows()) {
      v1::TransactionResponse message;
      message.set_seq(request.seq());
      rows.TakeRows(*message.mutable_rows());
      if (!has_sent_columns) *message.mutable_rows()->mutable_columns() = rows.columns();
      has_sent_columns = true;
      const absl::Time written = absl::Now();
      status = co_await Write(message);
      streamed_ += absl::Now() - written;
    }
    if (!fetched->is_complete) continue;
    *end.mutable_columns() = rows.columns();
    CommandToProto(fetched->result, end);
    end.set_row_count(rows.total_rows());
    break;
  }
  co_return status;
}

asio::awaitable<absl::Status> TransactionStream::Commit(uint64_t seq) {
  const Statement commit = CommitStatement();
  NoRows none;
  absl::StatusOr<CommandResult> committed =
      co_await routed_.lease.Execute(commit, Phase::kCommit, none, call_->stop());
  machine_.OnEnded();
  routed_.lease.Return();
  if (!committed.ok()) co_return committed.status();
  v1::TransactionResponse response;
  response.set_seq(seq);
  // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and no error.
  if (committed->command_tag == "COMMIT") {
    response.mutable_committed();
  } else {
    response.mutable_rolled_back()->set_cause(v1::ROLLBACK_CAUSE_FAILED);
  }
  co_return co_await Write(response);
}

asio::awaitable<absl::Status> TransactionStream::Rollback(uint64_t seq,
                                                          v1::RollbackCause cause) {
  const Statement rollback = RollbackStatement();
  NoRows none;
  // Unconfirmed, it is all the same: the pool closes the session, and PostgreSQL rolls
  // back.
  (void)co_await routed_.lease.Execute(rollback, Phase::kTransaction, none,
                                       call_->stop());
  machine_.OnEnded();
  routed_.lease.Return();
  v1::TransactionResponse response;
  response.set_seq(seq);
  response.mutable_rolled_back()->set_cause(cause);
  co_return co_await Write(response);
}

asio::awaitable<absl::Status> TransactionStream::EndUnasked(v1::RollbackCause cause,
                                                            absl::Status status) {
  if (machine_.state() == TransactionMachine::State::kAwaitingBegin) {
    // Nothing was asked for, so closing is no failure.
    co_return cause == v1::ROLLBACK_CAUSE_HALF_CLOSED ? absl::OkStatus() : status;
  }
  const bool is_reachable = cause != v1::ROLLBACK_CAUSE_UNSPECIFIED;
  machine_.OnEnded();
  // The pool rolls back behind the call's back: a stopped call cannot wait for it.
  routed_.lease.Return();
  if (is_reachable) {
    v1::TransactionResponse response;
    response.mutable_rolled_back()->set_cause(cause);
    (void)co_await Write(response);  // The status says the same.
  }
  co_return status;
}

asio::awaitable<absl::Status> TransactionStream::Refuse(uint64_t seq,
                                                        const absl::Status& error) {
  v1::TransactionResponse response;
  response.set_seq(seq);
  *response.mutable_statement_error() = ToRpcStatus(error, environment_.status);
  co_return co_await Write(response);
}

asio::awaitable<absl::Status> TransactionStream::AnnounceDrain() {
  if (!drain_notice_.has_value()) co_return absl::OkStatus();
  v1::TransactionResponse response;
  *response.mutable_draining()->mutable_finish_within() = ToProto(*drain_notice_);
  drain_notice_.reset();
  co_return co_await Write(response);
}

asio::awaitable<absl::Status> TransactionStream::Write(
    v1::TransactionResponse& response) {
  response.set_state(StateOf(machine_));
  StallGuard guard(*call_, environment_.limits.stream_stall_timeout);
  const bool is_taken = co_await call_->Write(response);
  if (is_taken) co_return absl::OkStatus();
  call_->stop().Stop(StopReason::kCancelled);
  co_return TransactionStopped(call_->stop().reason());
}

}  // namespace pgsluice
