// Asks every endpoint for its role, each on its own thread and control session, at an
// interval and at once when nudged. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/options.h"
#include "pool/topology.h"

namespace pgsluice {

class ControlSession;

struct ProberDeps {
  ProbeOptions options;  // At first.
  ConninfoReader read_conninfo;
  // Called on the probing threads. False: nobody wants to know of that endpoint any more,
  // so it is asked no more.
  std::function<bool(const Endpoint& endpoint, ProbeResult result)> on_result;
  // Whether the endpoint is to show that a session can be opened: it is dialled anew
  // then. As above; may be empty.
  std::function<bool(const Endpoint& endpoint)> is_suspect = {};
};

class Prober final {
 public:
  explicit Prober(ProberDeps deps);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober();

  // Interrupts probes under way and waits for their threads. Nothing is probed
  // afterwards.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // Asks these, too, from now on, and not before: those that it asks already stay as they
  // are. By one thread at a time, once whoever is told of the results wants them.
  void Follow(const std::vector<Endpoint>& endpoints) ABSL_LOCKS_EXCLUDED(mutex_);
  void Reconfigure(const ProbeOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  // Probes all endpoints at once: an error put the blame on one of them.
  void Nudge() ABSL_LOCKS_EXCLUDED(mutex_);
  // Probes more often for as long as there is no primary: every call waits for it.
  enum class Pace { kUsual, kHasty };
  void SetPace(Pace pace) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Watch {
    Endpoint endpoint;
    std::unique_ptr<ControlSession> session;
    bool has_ended = false;  // Under the prober's mutex.
    std::thread thread;
  };

  void Run(Watch& watch) ABSL_LOCKS_EXCLUDED(mutex_);
  std::list<Watch> TakeEnded() ABSL_LOCKS_EXCLUDED(mutex_);

  const ProberDeps deps_;

  absl::Mutex mutex_;
  ProbeOptions options_ ABSL_GUARDED_BY(mutex_);
  std::list<Watch> watches_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Pace pace_ ABSL_GUARDED_BY(mutex_) = Pace::kUsual;
  uint64_t nudges_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t follows_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace pgsluice
