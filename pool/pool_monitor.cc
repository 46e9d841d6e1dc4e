#include "pool/pool_monitor.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

namespace {

// More than a watcher misses while one message is on its way.
constexpr size_t kTransitionsKept = 256;

}  // namespace

PoolMonitor::PoolMonitor(PoolMonitorDeps deps)
    : deps_(std::move(deps)), options_(deps_.options) {}

void PoolMonitor::Look() {
  const absl::Time now = deps_.clock->Now();
  std::vector<EndpointSample> samples = deps_.take_samples(now);
  std::vector<AlertTransition> transitions;
  {
    absl::MutexLock lock(&mutex_);
    FollowLocked(samples, now, transitions);
    const bool is_due = IsSampleDueLocked(now);
    for (size_t i = 0; i < endpoints_.size(); ++i) {
      if (is_due) endpoints_[i].Keep(samples[i].sample);
      for (AlertTransition& transition : endpoints_[i].Judge(samples[i].sample)) {
        transitions.push_back(std::move(transition));
      }
    }
    RememberLocked(transitions);
  }
  Tell(transitions);
}

void PoolMonitor::Reconfigure(const MonitorOptions& options) {
  const absl::Time now = deps_.clock->Now();
  std::vector<AlertTransition> transitions;
  {
    absl::MutexLock lock(&mutex_);
    if (options_ == options) return;
    options_ = options;
    next_sample_ = std::min(next_sample_, now + options.interval);
    for (EndpointMonitor& endpoint : endpoints_) {
      for (AlertTransition& transition : endpoint.Reconfigure(options, now)) {
        transitions.push_back(std::move(transition));
      }
    }
    RememberLocked(transitions);
  }
  Tell(transitions);
}

MonitorOptions PoolMonitor::options() const {
  absl::MutexLock lock(&mutex_);
  return options_;
}

void PoolMonitor::FollowLocked(const std::vector<EndpointSample>& samples, absl::Time now,
                               std::vector<AlertTransition>& transitions) {
  const bool is_same = std::equal(
      samples.begin(), samples.end(), endpoints_.begin(), endpoints_.end(),
      [](const EndpointSample& a, const auto& b) { return a.endpoint == b.endpoint(); });
  if (is_same) return;
  std::vector<EndpointMonitor> next;
  for (const auto& [name, sample] : samples) {
    const auto old =
        std::find_if(endpoints_.begin(), endpoints_.end(),
                     [&name](const auto& monitor) { return monitor.endpoint() == name; });
    if (old == endpoints_.end()) {
      next.emplace_back(name, options_);
    } else {
      next.push_back(std::move(*old));
      endpoints_.erase(old);
    }
  }
  for (EndpointMonitor& gone : endpoints_) {
    for (AlertTransition& transition : gone.End(now)) {
      transitions.push_back(std::move(transition));
    }
  }
  endpoints_ = std::move(next);
}

const EndpointMonitor* PoolMonitor::FindLocked(const std::string& endpoint) const {
  for (const EndpointMonitor& monitor : endpoints_) {
    if (monitor.endpoint() == endpoint) return &monitor;
  }
  return nullptr;
}

bool PoolMonitor::IsSampleDueLocked(absl::Time now) {
  // Ticks come a little early or late; that must not cost a whole tick.
  if (now + kLookInterval / 2 < next_sample_) return false;
  const bool is_late = now > next_sample_ + kLookInterval;
  next_sample_ = (is_late ? now : next_sample_) + options_.interval;
  return true;
}

void PoolMonitor::RememberLocked(std::vector<AlertTransition>& transitions) {
  for (AlertTransition& transition : transitions) {
    transition.sequence = ++last_sequence_;
    if (transitions_.size() == kTransitionsKept) transitions_.pop_front();
    transitions_.push_back(transition);
  }
}

void PoolMonitor::Tell(const std::vector<AlertTransition>& transitions) {
  if (transitions.empty()) return;
  for (const AlertTransition& transition : transitions) deps_.on_transition(transition);
  listeners_.Tell();
}

std::vector<EndpointMemory> PoolMonitor::Recall(size_t history) const {
  std::vector<EndpointSample> samples = deps_.take_samples(deps_.clock->Now());
  std::vector<EndpointMemory> memories;
  absl::MutexLock lock(&mutex_);
  for (EndpointSample& sample : samples) {
    const EndpointMonitor* monitor = FindLocked(sample.endpoint);
    memories.push_back(monitor != nullptr
                           ? monitor->Recall(history)
                           : EndpointMonitor(sample.endpoint, options_).Recall(history));
    memories.back().now = std::move(sample.sample);
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

}  // namespace pgsluice
