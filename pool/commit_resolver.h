// Finds out what became of transactions whose COMMIT was not answered: asks whoever is
// the primary, again and again until it knows or the time is over. Blocks on a thread of
// its own, one for all; off the request path. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/clock.h"
#include "pool/commit_outcome.h"
#include "pool/endpoint.h"

namespace pgsluice {

struct Resolution {
  CommitOutcome outcome = CommitOutcome::kUnknown;
  std::string reason;    // One clause that completes "... because".
  std::string endpoint;  // Who said so; empty when nobody did.
  // Of what was found committed: not before its commit.
  std::optional<WalPosition> position = {};
};

// Asks one server. The real one is control/commit_probe.h; a fake lives in tests.
class CommitOracle {
 public:
  virtual ~CommitOracle() = default;
  // Blocks for a few seconds at most.
  virtual absl::StatusOr<ResolutionFacts> Ask(const Endpoint& primary,
                                              const CommitEvidence& evidence,
                                              IfInProgress if_in_progress) = 0;
  // Nothing is asked for the moment.
  virtual void Rest() = 0;
};

struct CommitResolverDeps {
  std::unique_ptr<CommitOracle> oracle;
  // The endpoint now accepted as the primary; absent while there is none.
  std::function<std::optional<Endpoint>()> primary;
  const Clock* clock = nullptr;
};

class CommitResolver final {
 public:
  // Called once, on the resolver's thread.
  using Callback = std::function<void(const Resolution&)>;

  explicit CommitResolver(CommitResolverDeps deps);
  CommitResolver(const CommitResolver&) = delete;
  CommitResolver& operator=(const CommitResolver&) = delete;
  // What is open is answered with "unknown".
  ~CommitResolver();

  void Resolve(const CommitEvidence& evidence, IfInProgress if_in_progress,
               absl::Time deadline, Callback callback) ABSL_LOCKS_EXCLUDED(mutex_);

  struct Counters {
    uint64_t committed = 0;
    uint64_t aborted = 0;
    uint64_t unknown = 0;
    size_t open = 0;
  };
  Counters counters() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Question {
    CommitEvidence evidence;
    IfInProgress if_in_progress = IfInProgress::kLeave;
    absl::Time deadline;
    Callback callback;
    std::string last_reason;
  };

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // The answer, or nothing yet.
  std::optional<Resolution> Look(const Endpoint* primary, Question& question);
  void Answer(Question& question, const Resolution& resolution)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const CommitResolverDeps deps_;

  mutable absl::Mutex mutex_;
  std::vector<Question> arrived_ ABSL_GUARDED_BY(mutex_);
  Counters counters_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pgsluice
