#include "server/statement_run.h"

#include <utility>

#include "pool/no_rows.h"
#include "server/caller.h"
#include "server/convert/route.h"
#include "server/convert/times.h"
#include "server/statement_report.h"
#include "server/statement_spans.h"
#include "server/transaction_sql.h"

namespace pgsluice {

StatementTimer::StatementTimer(CallBase& call, absl::Duration timeout)
    : timer_(call.shard().loop()) {
  if (timeout <= absl::ZeroDuration()) return;
  call.stop().LimitTo(absl::Now() + timeout);
  timer_.Set(timeout, [&call] { call.stop().Stop(StopReason::kTimeout); });
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::Start(RowSink& sink) {
  ++attempts_;
  if (attempts_ == 1 && phase_ == Phase::kRead) {
    environment_.resends.OnRead(call_.shard().index(), environment_.limits.read_resend);
  }
  absl::StatusOr<Fetched> fetched;
  for (int i = 0; i < kMaxStarts; ++i) {
    fetched = co_await StartOnce(sink);
    if (fetched.ok() || !NeverRan(fetched.status())) break;
    TraceAttempt({}, fetched.status());
    has_session_ = false;
    routed_.lease.Return();
    NudgeIfBlamed(environment_, fetched.status());
  }
  co_return fetched;
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::StartOnce(RowSink& sink) {
  asked_ = absl::Now();
  RouteRequest route = options_.route;
  route.caller = CallerOf(call_, environment_, options_.tag);
  route.login = environment_.limits.login;
  route.avoid = failed_at_;
  absl::StatusOr<RoutedLease> routed = co_await environment_.cluster.Acquire(
      route, call_.shard().index(), call_.deadline(), call_.stop());
  CountRoute(environment_, route, routed);
  begun_ = ended_ = absl::Now();
  TraceWait(call_, asked_, begun_, routed);
  has_session_ = routed.ok();
  if (!routed.ok()) co_return routed.status();
  routed_ = *std::move(routed);
  endpoint_ = routed_.lease.endpoint();
  role_ = routed_.lease.role();
  const Execution execution{
      .statement = &statement_,
      .phase = phase_,
      .wants_position = WantsPosition() && phase_ == Phase::kAutocommit,
      .settings = phase_ == Phase::kRead ? call_.preamble() : call_.write_preamble(),
      .label = call_.label()};
  absl::StatusOr<Fetched> fetched =
      co_await routed_.lease.StartAndFetch(execution, sink, call_.stop());
  first_rows_ = absl::Now();
  fetched = co_await Committed(std::move(fetched));
  ended_ = absl::Now();
  executed_ = ended_ - begun_;
  co_return fetched;
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::Fetch(RowSink& sink) {
  const absl::Time begun = absl::Now();
  absl::StatusOr<Fetched> fetched = co_await routed_.lease.Fetch(sink, call_.stop());
  fetched = co_await Committed(std::move(fetched));
  ended_ = absl::Now();
  executed_ += ended_ - begun;
  co_return fetched;
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::Committed(
    absl::StatusOr<Fetched> fetched) {
  const bool is_due =
      phase_ == Phase::kUncommitted && fetched.ok() && fetched->is_complete;
  if (!is_due) co_return fetched;
  if (call_.stop().is_stopped()) co_return StreamStopped(call_.stop().reason(), phase_);
  const Statement commit = CommitStatement();
  const Execution execution{
      .statement = &commit, .phase = Phase::kCommit, .wants_position = WantsPosition()};
  NoRows none;
  absl::StatusOr<Fetched> committed =
      co_await routed_.lease.StartAndFetch(execution, none, call_.stop());
  if (!committed.ok()) co_return OfSingleStatement(committed.status());
  // PostgreSQL answers the COMMIT of a failed transaction otherwise.
  if (committed->result.command_tag != "COMMIT") {
    co_return OfSingleStatement(
        TransactionEnded("TRANSACTION_FAILED", "it had failed before COMMIT"));
  }
  phase_ = Phase::kAutocommit;
  fetched->result.position = committed->result.position;
  for (NoticeInfo& notice : committed->result.notices) {
    fetched->result.notices.push_back(std::move(notice));
  }
  co_return fetched;
}

bool StatementRun::ShallStartAgain(const absl::Status& failure) {
  // Only once: a caller's own function may have made its transaction read-only.
  if (WasRefusedByStandby(failure) && !was_refused_ && !call_.stop().is_stopped()) {
    was_refused_ = true;
    TraceAttempt({}, failure);
    routed_.lease.Return();
    environment_.cluster.Doubt(endpoint_);
    NudgeIfBlamed(environment_, failure);
    return true;
  }
  if (attempts_ > 1 || phase_ != Phase::kRead) return false;
  if (call_.stop().is_stopped() || !MaySucceedElsewhere(failure, role_)) return false;
  const ResendOptions& options = environment_.limits.read_resend;
  if (!environment_.resends.TakeOne(call_.shard().index(), options)) return false;
  failed_at_ = endpoint_;
  TraceAttempt({}, failure);
  routed_.lease.Return();
  NudgeIfBlamed(environment_, failure);
  return true;
}

void StatementRun::End() { routed_.lease.Return(); }

void StatementRun::Report(std::string_view method, Returned returned,
                          const absl::Status& status) const {
  NudgeIfBlamed(environment_, status);
  TraceAttempt(returned, status);
  if (stream_ended_ >= stream_begun_) {
    TraceStream(call_, stream_begun_, stream_ended_, streamed_);
  }
  if (endpoint_.empty()) return;  // Never got a session: nothing was slow in PostgreSQL.
  ReportStatement(call_, environment_,
                  {.method = method,
                   .sql = statement_.sql,
                   .name = name_,
                   .endpoint = endpoint_,
                   .role = role_,
                   .tag = options_.tag,
                   .queued = begun_ - asked_ - routed_.freshness_wait,
                   .execute = executed_,
                   .stream = streamed_,
                   .ended = ended_,
                   .rows = returned.rows,
                   .bytes = returned.bytes,
                   .status = status});
}

void StatementRun::TraceAttempt(Returned returned, const absl::Status& status) const {
  if (!has_session_) return;
  TraceExecution(call_,
                 {.sql = statement_.sql,
                  .name = name_,
                  .endpoint = endpoint_,
                  .role = role_,
                  .tag = options_.tag,
                  .begun = begun_,
                  .ended = ended_,
                  .first_rows = first_rows_,
                  .rows = returned.rows,
                  .attempt = attempts_},
                 status);
}

void StatementRun::FillRoute(v1::Route& route) const {
  RouteToProto(endpoint_, role_, routed_.reason, routed_.sight, route);
  route.set_attempts(attempts_);
}

void StatementRun::FillTiming(v1::Timing& timing) const {
  *timing.mutable_queued() = ToProto(begun_ - asked_ - routed_.freshness_wait);
  *timing.mutable_execute() = ToProto(ended_ - begun_);
  if (routed_.freshness_wait > absl::ZeroDuration()) {
    *timing.mutable_freshness_wait() = ToProto(routed_.freshness_wait);
  }
}

bool NeverRan(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->outcome == Outcome::kNotStarted &&
         details->reason == "SESSION_LOST";
}

bool WasRefusedByStandby(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->blame == Blame::kEndpoint &&
         details->postgres.has_value() && details->postgres->sqlstate == "25006";
}

Caller CallerOf(CallBase& call, const CallEnvironment& environment,
                std::string_view tag) {
  const Fairness& fairness = environment.limits.fairness;
  const bool wants_peer = fairness.by == config::v1::FAIR_BY_PEER;
  const std::string peer = wants_peer ? call.context().peer() : std::string();
  return CallerOf(fairness, {.tag = tag, .peer = peer, .name = call.caller_name()});
}

void CountRoute(const CallEnvironment& environment, const RouteRequest& request,
                const absl::StatusOr<RoutedLease>& routed) {
  RouteCounters& counters = environment.metrics.routes;
  if (routed.ok()) {
    counters.Count(request, routed->lease.role(), routed->reason);
  } else {
    counters.CountFailure(request, routed.status());
  }
}

void NudgeIfBlamed(const CallEnvironment& environment, const absl::Status& status) {
  if (status.ok()) return;
  const auto details = DetailsOf(status);
  if (details.has_value() && details->blame == Blame::kEndpoint)
    environment.nudge_prober();
}

grpc::Status ToCallStatus(CallBase& call, const CallEnvironment& environment,
                          const absl::Status& status) {
  if (call.audit() != nullptr) call.audit()->NoteStatus(status);
  if (status.ok()) return grpc::Status::OK;
  if (const auto pushback = RetryPushback(status); pushback.has_value()) {
    call.context().AddTrailingMetadata("grpc-retry-pushback-ms", *pushback);
  }
  return ToGrpcStatus(status, environment.status);
}

}  // namespace pgsluice
