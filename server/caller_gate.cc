#include "server/caller_gate.h"

#include "absl/time/clock.h"

#include "pool/error_caller.h"
#include "pool/str_cat.h"
#include "server/caller_names.h"
#include "server/log.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kBetweenLines = absl::Seconds(1);

// What a call keeps until it goes.
struct Passport {
  std::shared_ptr<const CallEnvironment> environment;
  std::shared_ptr<Admission> admission;
  Admission::Ticket ticket;  // Before its admission goes.
};

}  // namespace

void CallerGate::Reconfigure(std::shared_ptr<const CallerBook> book) {
  book_ = std::move(book);
  environments_.clear();
  for (const CallerPolicy& policy : book_->policies) {
    auto environment = std::make_shared<CallEnvironment>(base_);
    environment->limits = Narrow(base_.limits, policy);
    environments_.push_back(std::move(environment));
  }
}

absl::StatusOr<const CallEnvironment*> CallerGate::Enter(CallBase& call,
                                                         CallerMethod method) {
  if (tokens_ == nullptr) return &base_;
  absl::StatusOr<const CallEnvironment*> environment = EnterAsCaller(call, method);
  if (!environment.ok()) LogRefusal(call, method, environment.status());
  return environment;
}

absl::StatusOr<const CallEnvironment*> CallerGate::EnterAsCaller(CallBase& call,
                                                                 CallerMethod method) {
  const absl::StatusOr<std::vector<std::string>> names =
      NamesOf(call.context(), *tokens_);
  if (!names.ok()) return names.status();
  call.set_caller_name(names->front());
  std::optional<PolicyMatch> match = FindPolicy(book_->policies, *names);
  if (!match.has_value()) return CallerHasNoPolicy(names->front());
  call.set_caller_name(match->name);
  const CallerPolicy& policy = book_->policies[match->index];
  if (!policy.methods.Contains(method)) {
    return NotPermitted(match->name, StrCat("call ", MethodName(method)));
  }
  std::shared_ptr<Admission> admission = book_->admissions[match->index];
  const bool is_transaction = method == CallerMethod::kTransaction;
  absl::StatusOr<Admission::Ticket> ticket = admission->Admit(
      is_transaction ? Admission::Kind::kTransaction : Admission::Kind::kStatement);
  if (!ticket.ok()) {
    const bool is_for_transactions = is_transaction && policy.max_transactions > 0 &&
                                     admission->transactions() >= policy.max_transactions;
    return TooManyCallsOf(
        match->name, is_for_transactions ? policy.max_transactions : policy.max_calls);
  }
  auto passport = std::make_shared<Passport>(
      Passport{environments_[match->index], std::move(admission), *std::move(ticket)});
  const CallEnvironment* environment = passport->environment.get();
  call.Keep(std::move(passport));
  return environment;
}

grpc::Status CallerGate::ToStatus(CallBase& call, const absl::Status& refusal) const {
  return ToCallStatus(call, base_, refusal);
}

void CallerGate::LogRefusal(CallBase& call, CallerMethod method,
                            const absl::Status& refusal) {
  const absl::Time now = absl::Now();
  if (now < last_line_ + kBetweenLines) {
    ++unlogged_;
    return;
  }
  last_line_ = now;
  const TraceNames trace = TraceNamesOf(call);
  Log(LogLevel::kWarning, "call refused",
      {{"method", MethodName(method)},
       {"caller", call.caller_name()},
       {"peer", call.context().peer()},
       {"trace_id", trace.trace_id},
       {"span_id", trace.span_id},
       {"why", std::string(refusal.message())},
       {"others_not_logged", std::exchange(unlogged_, 0)}});
}

}  // namespace pgsluice
