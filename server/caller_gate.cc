#include "server/caller_gate.h"

#include <optional>

#include "absl/time/clock.h"

#include "pool/error_caller.h"
#include "pool/str_cat.h"
#include "server/caller_names.h"
#include "server/log.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

// What a call keeps until it goes.
struct Passport {
  std::shared_ptr<const CallEnvironment> environment;
  std::shared_ptr<Admission> admission;
  Admission::Ticket ticket;  // Before its admission goes.
  std::optional<Statement> settings;
};

// `why`: what the caller is not told; empty: it is told all.
void LogRefusal(CallBase& call, CallerMethod method, const absl::Status& refusal,
                const std::string& why) {
  const TraceNames trace = TraceNamesOf(call);
  Log(LogLevel::kWarning, "call refused",
      {{"method", MethodName(method)},
       {"caller", call.caller_name()},
       {"peer", call.context().peer()},
       {"trace_id", trace.trace_id},
       {"span_id", trace.span_id},
       {"why", why.empty() ? std::string(refusal.message())
                           : StrCat(std::string(refusal.message()), ": ", why)}});
}

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
  if (secrets_ == nullptr) return &base_;
  std::string why;
  absl::StatusOr<const CallEnvironment*> environment = EnterAsCaller(call, method, why);
  if (!environment.ok()) LogRefusal(call, method, environment.status(), why);
  return environment;
}

absl::StatusOr<const CallEnvironment*> CallerGate::EnterAsCaller(CallBase& call,
                                                                 CallerMethod method,
                                                                 std::string& why) {
  const absl::StatusOr<CallerIdentity> caller =
      IdentityOf(call.context(), *secrets_, absl::Now(), why);
  if (!caller.ok()) return caller.status();
  call.set_caller_name(caller->names.front());
  std::optional<PolicyMatch> match = FindPolicy(book_->policies, caller->names);
  if (!match.has_value()) return CallerHasNoPolicy(caller->names.front());
  call.set_caller_name(match->name);
  const CallerPolicy& policy = book_->policies[match->index];
  if (!policy.methods.Contains(method)) {
    return NotPermitted(match->name, StrCat("call ", MethodName(method)));
  }
  std::optional<Statement> settings;
  if (!policy.settings.empty()) {
    absl::StatusOr<Statement> set =
        SettingsStatement(policy.settings, *caller, match->name);
    if (!set.ok()) return set.status();
    settings = *std::move(set);
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
      Passport{environments_[match->index], std::move(admission), *std::move(ticket),
               std::move(settings)});
  if (passport->settings.has_value()) call.set_settings(&*passport->settings);
  const CallEnvironment* environment = passport->environment.get();
  call.Keep(std::move(passport));
  return environment;
}

grpc::Status CallerGate::ToStatus(CallBase& call, const absl::Status& refusal) const {
  return ToCallStatus(call, base_, refusal);
}

}  // namespace pgsluice
