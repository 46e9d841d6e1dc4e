#include "server/caller_gate.h"

#include <optional>

#include "absl/time/clock.h"

#include "pool/error_caller.h"
#include "pool/str_cat.h"
#include "server/caller_names.h"
#include "server/log.h"
#include "server/statement_label.h"
#include "server/statement_run.h"

namespace pgsluice {

namespace {

// A second, on one shard.
constexpr int kMostAuditedRefusals = 100;

std::string WithReason(const absl::Status& refusal, const std::string& why) {
  std::string text(refusal.message());
  if (!why.empty()) StrAppend(&text, ": ", why);
  return text;
}

// What a call keeps until it goes.
struct Passport {
  std::shared_ptr<const CallEnvironment> environment;
  std::shared_ptr<Admission> admission;
  Admission::Ticket ticket;  // Before its admission goes.
  std::optional<Statement> settings;
};

// `why`: what the caller is not told; empty: it is told all.
void LogRefusal(CallBase& call, RpcMethod method, const absl::Status& refusal,
                const std::string& why) {
  const TraceNames trace = TraceNamesOf(call);
  Log(LogLevel::kWarning, "call refused",
      {{"method", MethodName(method)},
       {"caller", call.caller_name()},
       {"peer", call.context().peer()},
       {"trace_id", trace.trace_id},
       {"span_id", trace.span_id},
       {"why", WithReason(refusal, why)}});
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
                                                         RpcMethod method) {
  if (audited_.Contains(method)) {
    call.set_audit(std::make_unique<CallAudit>(audit_, MethodName(method)));
  }
  std::string why;
  absl::StatusOr<const CallEnvironment*> environment = &base_;
  if (secrets_ != nullptr) environment = EnterAsCaller(call, method, why);
  if (environment.ok()) {
    Label(call);
    return environment;
  }
  LogRefusal(call, method, environment.status(), why);
  if (call.audit() != nullptr) AuditRefusal(call, environment.status(), why);
  return environment;
}

absl::StatusOr<const CallEnvironment*> CallerGate::EnterAsCaller(CallBase& call,
                                                                 RpcMethod method,
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
  const bool is_transaction = method == RpcMethod::kTransaction;
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

void CallerGate::Label(CallBase& call) const {
  if (!labelled_as_.has_value() || call.spans() == nullptr) return;
  call.set_preamble(PreambleOf(
      LabelledName(*labelled_as_, HexOf(call.spans()->trace_id())), call.settings()));
}

grpc::Status CallerGate::ToStatus(CallBase& call, const absl::Status& refusal) const {
  return ToCallStatus(call, base_, refusal);
}

void CallerGate::AuditRefusal(CallBase& call, const absl::Status& refusal,
                              const std::string& why) {
  const absl::Time now = absl::Now();
  if (now >= refusals_since_ + absl::Seconds(1)) {
    refusals_since_ = now;
    refusals_ = 0;
  }
  if (++refusals_ > kMostAuditedRefusals) {
    call.set_audit(nullptr);
    audit_.Drop();
    return;
  }
  call.audit()->NoteRefusal(WithReason(refusal, why));
}

}  // namespace pgsluice
