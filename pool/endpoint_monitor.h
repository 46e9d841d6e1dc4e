// One endpoint's memory: its history of samples and its alerts. Rules file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/alert.h"
#include "pool/alert_latch.h"
#include "pool/sample_history.h"

namespace pgsluice {

struct MonitorOptions {
  absl::Duration interval = absl::Seconds(60);  // Between samples that are kept.
  size_t history = 100;                         // Samples kept.
  AlertOptions alerts = {};

  bool operator==(const MonitorOptions&) const = default;
};

// What is told of an endpoint.
struct EndpointMemory {
  std::string endpoint;
  Sample now;  // Taken for the one who asked.
  SampleSummary summary;
  std::vector<Sample> samples;  // Oldest first.
  std::vector<Alert> alerts;    // Those that are watched.
};

class EndpointMonitor final {
 public:
  EndpointMonitor(std::string endpoint, const MonitorOptions& options);

  // Puts a sample into the history.
  void Keep(Sample sample);
  // Judges a sample, kept or not; returns the alerts that fire or clear, without their
  // sequence.
  std::vector<AlertTransition> Judge(const Sample& sample);

  // What is kept stays; alerts that are not watched any more clear.
  std::vector<AlertTransition> Reconfigure(const MonitorOptions& options, absl::Time now);
  // Clears every alert: the endpoint is no more.
  std::vector<AlertTransition> End(absl::Time now);

  const std::string& endpoint() const { return endpoint_; }
  // All but `now`, with at most `history` of the samples.
  EndpointMemory Recall(size_t history) const;

 private:
  struct Watch {
    AlertKind kind;
    AlertLatch latch = {};
    AlertValue value = {};  // When last judged.
  };

  std::optional<AlertTransition> StopWatching(const Watch& watch, absl::Time now) const;

  std::string endpoint_;
  AlertOptions options_;
  SampleHistory history_;
  SampleSummary summary_;  // Made once a sample, read often.
  std::vector<Watch> watches_;
};

}  // namespace pgsluice
