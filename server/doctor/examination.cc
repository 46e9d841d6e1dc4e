#include "server/doctor/examination.h"

#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "pool/control/facts_session.h"

namespace pgsluice::doctor {

namespace {

FactsQuestion QuestionOf(const ExaminationPlan& plan) {
  return {.application_name = plan.session.application_name, .timeout = plan.timeout};
}

NamedLoginFacts ExamineLogin(Endpoint endpoint, const NamedLogin& login,
                             const ExaminationPlan& plan) {
  NamedLoginFacts facts{.name = login.name, .user = login.user};
  endpoint.login = login;
  facts.trial = TrySession(endpoint, plan.read_conninfo, plan.session, plan.timeout);
  if (!facts.trial.is_open) return facts;
  const absl::StatusOr<ServerFacts> server =
      AskForFacts(endpoint, plan.read_conninfo, QuestionOf(plan));
  if (server.ok()) facts.role = server->login;
  return facts;
}

EndpointFacts ExamineOne(const Endpoint& endpoint, const ExaminationPlan& plan) {
  EndpointFacts facts;
  facts.name = endpoint.name;
  facts.trial = TrySession(endpoint, plan.read_conninfo, plan.session, plan.timeout);
  // A refused login is not tried once more: some servers count these.
  if (!facts.trial.is_open) return facts;
  FactsQuestion question = QuestionOf(plan);
  question.key_table = plan.key_table;
  absl::StatusOr<ServerFacts> server =
      AskForFacts(endpoint, plan.read_conninfo, question);
  if (server.ok()) {
    facts.server = *std::move(server);
  } else {
    facts.why_unknown = std::string(server.status().message());
  }
  for (const NamedLogin& login : plan.logins) {
    facts.logins.push_back(ExamineLogin(endpoint, login, plan));
  }
  return facts;
}

// Thread-safe; shared by the threads and who waits for them.
class Results final {
 public:
  explicit Results(const std::vector<Endpoint>& endpoints) : missing_(endpoints.size()) {
    for (const Endpoint& endpoint : endpoints) {
      facts_.emplace_back();
      facts_.back().name = endpoint.name;
      facts_.back().is_late = true;
    }
  }

  void Set(size_t i, EndpointFacts facts) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    facts_[i] = std::move(facts);
    --missing_;
  }
  std::vector<EndpointFacts> Wait(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto is_done = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return missing_ == 0;
    };
    mutex_.AwaitWithDeadline(absl::Condition(&is_done), deadline);
    return facts_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<EndpointFacts> facts_ ABSL_GUARDED_BY(mutex_);
  size_t missing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::vector<EndpointFacts> Examine(const ExaminationPlan& plan, absl::Time deadline) {
  const auto results = std::make_shared<Results>(plan.endpoints);
  for (size_t i = 0; i < plan.endpoints.size(); ++i) {
    std::thread([results, plan, i] {
      results->Set(i, ExamineOne(plan.endpoints[i], plan));
    }).detach();
  }
  return results->Wait(deadline);
}

}  // namespace pgsluice::doctor
