#include "pool/pool_monitor.h"

#include <utility>

namespace pgsluice {

namespace {

// More than a watcher misses while one message is on its way.
constexpr size_t kTransitionsKept = 256;

}  // namespace

PoolMonitor::PoolMonitor(PoolMonitorDeps deps) : deps_(std::move(deps)) {
  for (const std::string& endpoint : deps_.endpoints) {
    endpoints_.emplace_back(endpoint, deps_.options);
  }
}

void PoolMonitor::Look() {
  const absl::Time now = deps_.clock->Now();
  const std::vector<Sample> samples = deps_.take_samples(now);
  std::vector<AlertTransition> transitions;
  std::vector<std::shared_ptr<const Listener>> listeners;
  {
    absl::MutexLock lock(&mutex_);
    const bool is_due = IsSampleDueLocked(now);
    for (size_t i = 0; i < endpoints_.size(); ++i) {
      if (is_due) endpoints_[i].Keep(samples[i]);
      for (AlertTransition& transition : endpoints_[i].Judge(samples[i])) {
        transition.sequence = ++last_sequence_;
        RememberLocked(transition);
        transitions.push_back(std::move(transition));
      }
    }
    if (!transitions.empty()) {
      for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
    }
  }
  for (const AlertTransition& transition : transitions) deps_.on_transition(transition);
  for (const auto& listener : listeners) (*listener)();
}

bool PoolMonitor::IsSampleDueLocked(absl::Time now) {
  // Ticks come a little early or late; that must not cost a whole tick.
  if (now + kLookInterval / 2 < next_sample_) return false;
  const bool is_late = now > next_sample_ + kLookInterval;
  next_sample_ = (is_late ? now : next_sample_) + deps_.options.interval;
  return true;
}

void PoolMonitor::RememberLocked(const AlertTransition& transition) {
  if (transitions_.size() == kTransitionsKept) transitions_.pop_front();
  transitions_.push_back(transition);
}

std::vector<EndpointMemory> PoolMonitor::Recall(size_t history) const {
  std::vector<Sample> samples = deps_.take_samples(deps_.clock->Now());
  std::vector<EndpointMemory> memories;
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    memories.push_back(endpoints_[i].Recall(history));
    memories.back().now = std::move(samples[i]);
  }
  return memories;
}

std::vector<AlertTransition> PoolMonitor::TransitionsAfter(uint64_t sequence) const {
  absl::MutexLock lock(&mutex_);
  std::vector<AlertTransition> transitions;
  for (const AlertTransition& transition : transitions_) {
    if (transition.sequence > sequence) transitions.push_back(transition);
  }
  return transitions;
}

uint64_t PoolMonitor::last_sequence() const {
  absl::MutexLock lock(&mutex_);
  return last_sequence_;
}

PoolMonitor::ListenerId PoolMonitor::AddListener(Listener listener) {
  absl::MutexLock lock(&mutex_);
  listeners_.emplace(next_listener_,
                     std::make_shared<const Listener>(std::move(listener)));
  return next_listener_++;
}

void PoolMonitor::RemoveListener(ListenerId id) {
  absl::MutexLock lock(&mutex_);
  listeners_.erase(id);
}

}  // namespace pgsluice
