#include "pool/commit_resolver.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);
constexpr char kNoPrimary[] = "there is no primary to ask";
constexpr char kStopped[] = "the gateway is shutting down";

}  // namespace

CommitResolver::CommitResolver(CommitResolverDeps deps)
    : deps_(std::move(deps)), thread_([this] { Run(); }) {}

CommitResolver::~CommitResolver() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  thread_.join();
}

void CommitResolver::Resolve(const CommitEvidence& evidence, IfInProgress if_in_progress,
                             absl::Time deadline, Callback callback) {
  {
    absl::MutexLock lock(&mutex_);
    if (!is_stopping_) {
      ++counters_.open;
      arrived_.push_back({.evidence = evidence,
                          .if_in_progress = if_in_progress,
                          .deadline = deadline,
                          .callback = std::move(callback),
                          .last_reason = kNoPrimary});
      return;
    }
  }
  callback({.outcome = CommitOutcome::kUnknown, .reason = kStopped, .endpoint = ""});
}

CommitResolver::Counters CommitResolver::counters() const {
  absl::MutexLock lock(&mutex_);
  return counters_;
}

void CommitResolver::Run() {
  std::list<Question> open;
  while (true) {
    bool is_stopping = false;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return is_stopping_ || !arrived_.empty();
      };
      // What is open is looked at again after a pause.
      mutex_.AwaitWithTimeout(absl::Condition(&has_work),
                              open.empty() ? absl::InfiniteDuration() : kPause);
      is_stopping = is_stopping_;
      std::move(arrived_.begin(), arrived_.end(), std::back_inserter(open));
      arrived_.clear();
    }
    const std::optional<Endpoint> primary = is_stopping ? std::nullopt : deps_.primary();
    for (auto question = open.begin(); question != open.end();) {
      std::optional<Resolution> resolution =
          Look(primary.has_value() ? &*primary : nullptr, *question);
      if (is_stopping) resolution = Resolution{.reason = kStopped, .endpoint = ""};
      if (!resolution.has_value()) {
        ++question;
        continue;
      }
      Answer(*question, *resolution);
      question = open.erase(question);
    }
    if (open.empty()) deps_.oracle->Rest();
    if (is_stopping) return;
  }
}

std::optional<Resolution> CommitResolver::Look(const Endpoint* primary,
                                               Question& question) {
  if (primary != nullptr) {
    const absl::StatusOr<ResolutionFacts> facts =
        deps_.oracle->Ask(*primary, question.evidence, question.if_in_progress);
    if (facts.ok()) {
      const CommitVerdict verdict = JudgeCommit(question.evidence, *facts);
      question.last_reason = verdict.reason;
      if (!verdict.is_pending) {
        Resolution resolution{.outcome = verdict.outcome,
                              .reason = std::string(verdict.reason),
                              .endpoint = primary->name};
        if (verdict.outcome == CommitOutcome::kCommitted && facts->lsn > 0) {
          resolution.position = WalPosition{facts->timeline, facts->lsn};
        }
        return resolution;
      }
    } else {
      question.last_reason = "the primary did not answer";
    }
  }
  if (deps_.clock->Now() < question.deadline) return std::nullopt;
  return Resolution{.reason = question.last_reason, .endpoint = ""};
}

void CommitResolver::Answer(Question& question, const Resolution& resolution) {
  {
    absl::MutexLock lock(&mutex_);
    --counters_.open;
    switch (resolution.outcome) {
      case CommitOutcome::kCommitted: ++counters_.committed; break;
      case CommitOutcome::kAborted: ++counters_.aborted; break;
      case CommitOutcome::kUnknown: ++counters_.unknown; break;
    }
  }
  question.callback(resolution);
}

}  // namespace pgsluice
