#include "server/batch_run.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/random/random.h"

#include "pool/error.h"
#include "pool/no_rows.h"
#include "pool/timer.h"
#include "server/commit_doubt.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/status.h"
#include "server/statement_run.h"
#include "server/statement_spans.h"
#include "server/transaction_sql.h"
#include "server/why_in_transaction.h"

namespace pgsluice {

namespace {

// Before the second attempt at the most; doubles with each further one.
constexpr absl::Duration kFirstPause = absl::Milliseconds(10);

// A serialization failure, a deadlock or an outdated prepared statement: all is rolled
// back, and another run may do.
bool IsWorthAnotherRun(const absl::Status& status) {
  const auto details = DetailsOf(status);
  if (!details.has_value() || !details->postgres.has_value()) return false;
  const std::string& sqlstate = details->postgres->sqlstate;
  return details->outcome == Outcome::kRolledBack &&
         (sqlstate == "40001" || sqlstate == "40P01" ||
          details->reason == kPreparedOutdated);
}

// A write that its caller knows as a single one, refused by the primary: judged as if it
// had needed no transaction.
absl::Status JudgedAsSingleWrite(const absl::Status& error, std::string_view endpoint,
                                 Role role) {
  const auto details = DetailsOf(error);
  const bool was_refused = details.has_value() && details->postgres.has_value() &&
                           details->postgres->sqlstate == "25006";
  if (!was_refused) return error;
  return PostgresError(
      *details->postgres,
      {.endpoint = endpoint, .role = role, .phase = Phase::kUncommitted});
}

absl::Status CheckCommitted(const absl::StatusOr<CommandResult>& committed) {
  if (!committed.ok()) return committed.status();
  if (committed->command_tag == "COMMIT") return absl::OkStatus();
  // PostgreSQL answers the COMMIT of a failed transaction so.
  return TransactionEnded("TRANSACTION_FAILED", "a step had failed in it");
}

}  // namespace

BatchRun::BatchRun(CallBase& call, const CallEnvironment& environment,
                   const v1::BatchRequest& request, const CallOptions& options,
                   BatchProgram& program, Statement begin, v1::BatchResponse& response,
                   KeyedWrite* key)
    : call_(call),
      environment_(environment),
      request_(request),
      options_(options),
      program_(program),
      begin_(std::move(begin)),
      response_(response),
      key_(key),
      budget_(options.result, !program.is_query) {}

asio::awaitable<absl::Status> BatchRun::Run() {
  return program_.is_atomic ? RunAtomic() : RunIndependent();
}

void BatchRun::BeginAnew() {
  response_.clear_results();
  rows_.clear();
  budget_ = BatchBudget(options_.result, !program_.is_query);
  has_failed_.assign(program_.steps.size(), false);
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    v1::QueryResponse& result = *response_.add_results()->mutable_result();
    rows_.push_back(std::make_unique<BatchStepRows>(request_.encoding(), budget_, result,
                                                    LimitsOf(program_.steps[i].terms)));
  }
  for (const BatchStepPlan& step : program_.steps) {
    for (const v1::CellParameter& cell : step.cells) {
      rows_[cell.step()]->Keep({cell.row(), cell.column()});
    }
  }
}

std::vector<BatchRun::Flight> BatchRun::Flights() const {
  const std::vector<size_t> begins = CutIntoFlights(program_);
  std::vector<Flight> flights;
  for (size_t i = 0; i < begins.size(); ++i) {
    const size_t last = i + 1 < begins.size() ? begins[i + 1] : program_.steps.size();
    flights.push_back({.first = begins[i], .last = last});
  }
  if (!program_.is_atomic) return flights;
  flights.front().has_begin = true;
  // Before COMMIT leaves, everything that might forbid it has been looked at, and the
  // answer that is recorded with a key is there.
  flights.back().has_commit = !program_.HasExpectations() && key_ == nullptr;
  return flights;
}

asio::awaitable<absl::Status> BatchRun::RunAtomic() {
  absl::BitGen random;
  absl::Duration pause = kFirstPause;
  bool was_refused = false;  // By a primary, for being none.
  for (uint32_t attempt = 1;; ++attempt) {
    response_.set_attempts(attempt);
    has_session_since_.reset();
    absl::Status status = co_await AttemptAtomic();
    if (program_.is_query) status = JudgedAsSingleWrite(status, endpoint_, role_);
    CountTransaction(status);
    // What is open is rolled back behind the call's back.
    routed_.lease.Return();
    const bool goes_to_next_primary =
        WasRefusedByStandby(status) && !was_refused && !call_.stop().is_stopped();
    if (goes_to_next_primary) environment_.cluster.Doubt(endpoint_);
    NudgeIfBlamed(environment_, status);
    if (goes_to_next_primary) {
      was_refused = true;
      --attempt;
      continue;
    }
    if (status.ok() || attempt >= program_.max_attempts) co_return status;
    if (!IsWorthAnotherRun(status) || call_.stop().is_stopped()) co_return status;
    Timer timer(call_.shard().loop());
    const absl::Duration wait = pause * absl::Uniform(random, 0.0, 1.0);
    if (absl::Now() + wait >= call_.deadline()) co_return status;
    co_await timer.Wait(wait);
    pause *= 2;
  }
}

asio::awaitable<absl::Status> BatchRun::AttemptAtomic() {
  const std::vector<Flight> flights = Flights();
  absl::Status status;
  for (int start = 0; start < kMaxStarts; ++start) {
    BeginAnew();
    status = co_await TakeLease(LeaseKind::kTransaction);
    if (!status.ok()) co_return status;
    status = co_await FlyAtomic(flights.front());
    if (!NeverRan(status)) break;
    routed_.lease.Return();
    NudgeIfBlamed(environment_, status);
  }
  for (size_t i = 1; i < flights.size() && status.ok(); ++i) {
    status = co_await FlyAtomic(flights[i]);
  }
  if (is_repeat_) {
    co_return co_await Replay();
  }
  if (status.ok() && !flights.back().has_commit) status = co_await Commit();
  co_return status;
}

asio::awaitable<absl::Status> BatchRun::FlyAtomic(Flight flight) {
  NoRows none;
  const Statement commit = CommitStatement();
  std::vector<Execution> legs;
  std::vector<RowSink*> sinks;
  if (flight.has_begin) {
    // Lost before it was sent, nothing has begun: another session will do.
    legs.push_back({.statement = &begin_, .phase = Phase::kConnect});
    sinks.push_back(&none);
  }
  const bool has_preamble = flight.has_begin && call_.preamble() != nullptr;
  if (has_preamble) {
    legs.push_back({.statement = call_.preamble(), .phase = Phase::kTransaction});
    sinks.push_back(&none);
  }
  const bool reserves_key = flight.has_begin && key_ != nullptr;
  if (reserves_key) {
    legs.push_back(key_->reserve());
    sinks.push_back(&key_->reserve_sink());
  }
  for (size_t i = flight.first; i < flight.last; ++i) {
    if (absl::Status status = FillCells(i); !status.ok()) co_return At(i, status);
    legs.push_back(
        {.statement = &program_.steps[i].statement, .phase = Phase::kTransaction});
    sinks.push_back(rows_[i].get());
  }
  const bool records_outcome = flight.has_commit && key_ != nullptr;
  if (records_outcome) {
    absl::StatusOr<Execution> record = key_->Record(response_);
    if (!record.ok()) co_return record.status();
    legs.push_back(*record);
    sinks.push_back(&none);
  }
  const bool takes_note = flight.has_commit && NotesEvidence();
  std::optional<NoteLeg> note;
  if (takes_note) {
    note.emplace(environment_.cluster.SystemIdentifier());
    legs.push_back(note->execution());
    sinks.push_back(&note->sink());
  }
  if (flight.has_commit) {
    legs.push_back(
        {.statement = &commit, .phase = Phase::kCommit, .wants_position = WantsTokens()});
    sinks.push_back(&none);
  }
  const absl::Time begun = absl::Now();
  std::vector<absl::StatusOr<CommandResult>> results = co_await routed_.lease.RunFlight(
      std::move(legs), std::move(sinks), FlightKind::kAtomic, call_.stop());
  executed_ += absl::Now() - begun;
  TraceFlight(flight.first, flight.last, begun, results);

  // A commit in doubt says more than what has led to it.
  if (flight.has_commit && IsInDoubt(results.back().status())) {
    // Named: g++ 12 destroys a braced argument of a co_await twice.
    const CommitNote noted =
        takes_note ? note->Note(results[results.size() - 2].ok()) : CommitNote{};
    const absl::Status doubt = results.back().status();
    routed_.lease.Return();
    absl::StatusOr<CommandResult> settled =
        co_await SettleDoubt(call_, environment_, doubt, noted);
    if (!settled.ok()) co_return settled.status();
    // The note came after the answers to all steps.
    results.back() = *std::move(settled);
  }
  if (flight.has_begin) {
    if (!results.front().ok()) co_return results.front().status();
    results.erase(results.begin());
  }
  if (has_preamble) {
    if (!results.front().ok()) co_return results.front().status();
    results.erase(results.begin());
  }
  if (reserves_key) {
    const absl::Status reserved = results.front().status();
    is_repeat_ = key_->IsRepeat(reserved);
    if (!reserved.ok()) co_return key_->WhyNotReserved(reserved);
    results.erase(results.begin());
  }
  // Then COMMIT was skipped.
  if (records_outcome && !results.front().ok()) co_return results.front().status();
  Report(flight.first, flight.last, results);
  for (size_t i = flight.first; i < flight.last; ++i) {
    absl::Status status = TakeResult(i, results[i - flight.first]);
    if (status.ok()) continue;
    // A result over a limit: PostgreSQL had done all of it before the cancel came.
    const bool is_committed = flight.has_commit && CheckCommitted(results.back()).ok();
    co_return At(i, is_committed ? DespiteEffect(status) : status);
  }
  if (!flight.has_commit) co_return absl::OkStatus();
  const absl::StatusOr<CommandResult>& committed = results.back();
  absl::Status status = CheckCommitted(committed);
  if (committed.ok()) {
    AddNotices(*committed, *response_.mutable_results()->rbegin()->mutable_result());
  }
  if (status.ok()) TakePosition(committed->position);
  co_return status;
}

// A flight without steps.
asio::awaitable<absl::Status> BatchRun::Commit() {
  return FlyAtomic({.first = program_.steps.size(),
                    .last = program_.steps.size(),
                    .has_commit = true});
}

bool BatchRun::NotesEvidence() const {
  const bool is_wanted = environment_.limits.resolve_commits || options_.resolves_commit;
  return is_wanted && options_.route.intent == Intent::kWrite;
}

asio::awaitable<absl::Status> BatchRun::TakeLease(LeaseKind kind) {
  const absl::Time asked = absl::Now();
  RouteRequest route = options_.route;
  route.kind = kind;
  route.caller = CallerOf(call_, environment_, options_.tag);
  route.login = environment_.limits.login;
  absl::StatusOr<RoutedLease> routed = co_await environment_.cluster.Acquire(
      route, call_.shard().index(), call_.deadline(), call_.stop());
  const absl::Time now = absl::Now();
  queued_ += now - asked;
  CountRoute(environment_, route, routed);
  TraceWait(call_, asked, now, routed);
  if (!routed.ok()) co_return routed.status();
  queued_ -= routed->freshness_wait;
  freshness_wait_ += routed->freshness_wait;
  has_session_since_ = now;
  routed_ = *std::move(routed);
  endpoint_ = routed_.lease.endpoint();
  role_ = routed_.lease.role();
  co_return absl::OkStatus();
}

absl::Status BatchRun::FillCells(size_t step) {
  for (const v1::CellParameter& cell : program_.steps[step].cells) {
    absl::StatusOr<Parameter> parameter =
        rows_[cell.step()]->Take({cell.row(), cell.column()});
    if (!parameter.ok()) return parameter.status();
    const std::optional<std::vector<TypeOid>>& types = program_.steps[step].types;
    if (types.has_value()) parameter->type = (*types)[cell.parameter()];
    program_.steps[step].statement.parameters[cell.parameter()] = *std::move(parameter);
  }
  return absl::OkStatus();
}

absl::Status BatchRun::TakeResult(size_t step,
                                  const absl::StatusOr<CommandResult>& result) {
  absl::Status status = result.status();
  v1::BatchStepResult& out = *response_.mutable_results(static_cast<int>(step));
  if (status.ok()) {
    CommandToProto(*result, *out.mutable_result());
    const BatchStepPlan& plan = program_.steps[step];
    if (!plan.has_expectation) return status;
    status = CheckExpectation(plan.expect, rows_[step]->Summarize(*result));
    if (status.ok()) return status;
    if (!program_.is_atomic) status = DespiteEffect(status);
  }
  if (!program_.is_atomic) {
    if (call_.settings() != nullptr) status = WithWhyInTransaction(status, kForSettings);
    *out.mutable_error() = ToRpcStatus(status, environment_.status);
  }
  return status;
}

}  // namespace pgsluice
