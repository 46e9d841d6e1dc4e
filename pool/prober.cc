#include "pool/prober.h"

#include <utility>

#include "pool/control/control_session.h"

namespace pgsluice {

Prober::Prober(std::vector<Endpoint> endpoints, ProbeOptions options, OnResult on_result)
    : options_(options), on_result_(std::move(on_result)) {
  for (Endpoint& endpoint : endpoints) {
    sessions_.push_back(std::make_unique<ControlSession>(
        std::move(endpoint), ControlOptions{.connect_timeout = options.timeout,
                                            .statement_timeout = options.timeout}));
  }
}

Prober::~Prober() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  for (auto& session : sessions_) session->Interrupt();
  for (std::thread& thread : threads_) thread.join();
}

void Prober::Start() {
  for (size_t i = 0; i < sessions_.size(); ++i) {
    threads_.emplace_back([this, i] { Run(i); });
  }
}

void Prober::Nudge() {
  absl::MutexLock lock(&mutex_);
  ++nudges_;
}

void Prober::Run(size_t endpoint) {
  uint64_t seen = 0;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (is_stopping_) return;
      seen = nudges_;
    }
    on_result_(endpoint, sessions_[endpoint]->Probe());

    absl::MutexLock lock(&mutex_);
    const auto is_due = [this, seen]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return is_stopping_ || nudges_ != seen;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&is_due), options_.interval);
    if (is_stopping_) return;
  }
}

}  // namespace pgsluice
