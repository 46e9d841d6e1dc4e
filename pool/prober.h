// Asks every endpoint for its role, each on its own thread and control session, at an
// interval and at once when nudged. Thread-safe.
#pragma once

#include <functional>
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

class Prober final {
 public:
  using OnResult = std::function<void(size_t endpoint, ProbeResult result)>;

  // `on_result` is called on the probing threads.
  Prober(std::vector<Endpoint> endpoints, ProbeOptions options, OnResult on_result);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  // Interrupts probes under way and waits for their threads.
  ~Prober();

  void Start();
  // Probes all endpoints at once: an error put the blame on one of them.
  void Nudge() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run(size_t endpoint);

  const ProbeOptions options_;
  const OnResult on_result_;
  std::vector<std::unique_ptr<ControlSession>> sessions_;
  std::vector<std::thread> threads_;

  absl::Mutex mutex_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t nudges_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace pgsluice
