#include "pool/endpoint_monitor.h"

#include <algorithm>
#include <utility>

#include "pool/alert_rules.h"

namespace pgsluice {

EndpointMonitor::EndpointMonitor(std::string endpoint, const MonitorOptions& options)
    : endpoint_(std::move(endpoint)),
      options_(options.alerts),
      history_(options.history) {
  for (const AlertKind kind : kAlertKinds) {
    if (IsWatched(kind, options_)) watches_.push_back({.kind = kind});
  }
}

void EndpointMonitor::Keep(Sample sample) {
  history_.Add(std::move(sample));
  summary_ = Summarize(history_.samples());
}

std::vector<AlertTransition> EndpointMonitor::Judge(const Sample& sample) {
  const AlertReading reading{.now = sample,
                             .error_rate = history_.error_rate(),
                             .failures = history_.failures()};
  std::vector<AlertTransition> transitions;
  for (Watch& watch : watches_) {
    const std::optional<absl::Time> before = watch.latch.since();
    watch.value = ValueOf(watch.kind, options_, reading);
    const std::optional<AlertChange> change =
        watch.latch.On(LevelOf(watch.kind, options_, reading), options_.hold, sample.at);
    if (!change.has_value()) continue;
    AlertTransition transition{.endpoint = endpoint_,
                               .kind = watch.kind,
                               .change = *change,
                               .value = watch.value,
                               .at = sample.at};
    if (change == AlertChange::kCleared) transition.fired_for = sample.at - *before;
    transitions.push_back(std::move(transition));
  }
  return transitions;
}

std::optional<AlertTransition> EndpointMonitor::StopWatching(const Watch& watch,
                                                             absl::Time now) const {
  if (!watch.latch.is_firing()) return std::nullopt;
  return AlertTransition{.endpoint = endpoint_,
                         .kind = watch.kind,
                         .change = AlertChange::kCleared,
                         .value = watch.value,
                         .at = now,
                         .fired_for = now - watch.latch.since().value_or(now)};
}

std::vector<AlertTransition> EndpointMonitor::Reconfigure(const MonitorOptions& options,
                                                          absl::Time now) {
  options_ = options.alerts;
  history_.set_capacity(options.history);
  summary_ = Summarize(history_.samples());
  std::vector<AlertTransition> transitions;
  std::vector<Watch> watches;
  for (const AlertKind kind : kAlertKinds) {
    const auto old = std::find_if(watches_.begin(), watches_.end(),
                                  [kind](const Watch& w) { return w.kind == kind; });
    if (IsWatched(kind, options_)) {
      watches.push_back(old != watches_.end() ? *old : Watch{.kind = kind});
    } else if (old != watches_.end()) {
      auto cleared = StopWatching(*old, now);
      if (cleared.has_value()) transitions.push_back(*std::move(cleared));
    }
  }
  watches_ = std::move(watches);
  return transitions;
}

std::vector<AlertTransition> EndpointMonitor::End(absl::Time now) {
  std::vector<AlertTransition> transitions;
  for (const Watch& watch : watches_) {
    auto cleared = StopWatching(watch, now);
    if (cleared.has_value()) transitions.push_back(*std::move(cleared));
  }
  watches_.clear();
  return transitions;
}

EndpointMemory EndpointMonitor::Recall(size_t history) const {
  EndpointMemory memory;
  memory.endpoint = endpoint_;
  memory.summary = summary_;
  memory.samples = history_.Latest(history);
  for (const Watch& watch : watches_) {
    memory.alerts.push_back({.kind = watch.kind,
                             .state = watch.latch.state(),
                             .value = watch.value,
                             .since = watch.latch.since(),
                             .times_fired = watch.latch.times_fired()});
  }
  return memory;
}

}  // namespace pgsluice
