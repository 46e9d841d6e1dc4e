#include "server/statement_run.h"

#include "server/convert/times.h"

namespace pgsluice {

namespace {

// Sessions found dead in a row before the call gives up: after a restart of PostgreSQL
// every idle one is.
constexpr int kMaxStarts = 20;

bool IsCertainNotToHaveRun(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->outcome == Outcome::kNotStarted &&
         details->reason == "SESSION_LOST";
}

}  // namespace

StatementTimer::StatementTimer(CallBase& call, absl::Duration timeout)
    : timer_(call.shard().loop()) {
  if (timeout <= absl::ZeroDuration()) return;
  timer_.Set(timeout, [&call] { call.stop().Stop(StopReason::kTimeout); });
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::Start(RowSink& sink) {
  absl::StatusOr<Fetched> fetched;
  for (int i = 0; i < kMaxStarts; ++i) {
    fetched = co_await StartOnce(sink);
    if (fetched.ok() || !IsCertainNotToHaveRun(fetched.status())) break;
    routed_.lease.Return();
    NudgeIfBlamed(environment_, fetched.status());
  }
  co_return fetched;
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::StartOnce(RowSink& sink) {
  asked_ = absl::Now();
  absl::StatusOr<RoutedLease> routed = co_await environment_.cluster.Acquire(
      options_.route, call_.shard().index(), call_.deadline(), call_.stop());
  begun_ = ended_ = absl::Now();
  if (!routed.ok()) co_return routed.status();
  routed_ = *std::move(routed);
  endpoint_ = routed_.lease.endpoint();
  role_ = routed_.lease.role();
  absl::StatusOr<Fetched> fetched = co_await routed_.lease.StartAndFetch(
      statement_, options_.phase(), sink, call_.stop());
  ended_ = absl::Now();
  co_return fetched;
}

asio::awaitable<absl::StatusOr<Fetched>> StatementRun::Fetch(RowSink& sink) {
  absl::StatusOr<Fetched> fetched = co_await routed_.lease.Fetch(sink, call_.stop());
  ended_ = absl::Now();
  co_return fetched;
}

void StatementRun::End() { routed_.lease.Return(); }

void StatementRun::Report(std::string_view method, uint64_t rows,
                          const absl::Status& status) const {
  NudgeIfBlamed(environment_, status);
  if (endpoint_.empty()) return;  // Never got a session: nothing was slow in PostgreSQL.
  environment_.slow_queries.Report({.method = method,
                                    .sql = statement_.sql,
                                    .endpoint = endpoint_,
                                    .tag = options_.tag,
                                    .queued = begun_ - asked_,
                                    .execute = ended_ - begun_,
                                    .rows = rows,
                                    .status = status});
}

void StatementRun::FillRoute(v1::Route& route) const {
  route.set_endpoint(endpoint_);
  route.set_role(std::string(RoleName(role_)));
  route.set_reason(std::string(routed_.reason));
}

void StatementRun::FillTiming(v1::Timing& timing) const {
  *timing.mutable_queued() = ToProto(begun_ - asked_);
  *timing.mutable_execute() = ToProto(ended_ - begun_);
}

void NudgeIfBlamed(const CallEnvironment& environment, const absl::Status& status) {
  if (status.ok()) return;
  const auto details = DetailsOf(status);
  if (details.has_value() && details->blame == Blame::kEndpoint)
    environment.nudge_prober();
}

grpc::Status ToCallStatus(CallBase& call, const CallEnvironment& environment,
                          const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  if (const auto pushback = RetryPushback(status); pushback.has_value()) {
    call.context().AddTrailingMetadata("grpc-retry-pushback-ms", *pushback);
  }
  return ToGrpcStatus(status, environment.status);
}

}  // namespace pgsluice
