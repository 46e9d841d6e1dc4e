// Tracing as a whole: the queue of spans, and the exporter that empties it. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "server/tracing/otlp_exporter.h"
#include "server/tracing/tracer.h"
#include "server/tracing/tracing_options.h"

namespace pgsluice {

class Tracing final {
 public:
  // `on_change`: see OtlpExporterDeps.
  static absl::StatusOr<std::unique_ptr<Tracing>> Start(
      const TracingOptions& options,
      std::function<void(std::string_view trouble)> on_change);
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  // For one shard; Tracing outlives it.
  std::unique_ptr<Tracer> MakeTracer() {
    return std::make_unique<Tracer>(options_.sampler, queue_);
  }
  // Where the endpoints are from now on.
  void Follow(const std::vector<Endpoint>& endpoints) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends what there is; spans of calls that end later are dropped.
  void Flush(absl::Duration within) { exporter_->Flush(within); }
  TracingTotals totals() const { return queue_.totals(); }

 private:
  explicit Tracing(const TracingOptions& options)
      : options_(options), queue_(options.queue) {}
  EndpointPlaces places() const ABSL_LOCKS_EXCLUDED(mutex_);

  const TracingOptions options_;
  SpanQueue queue_;

  mutable absl::Mutex mutex_;
  EndpointPlaces places_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<OtlpExporter> exporter_;  // Its thread uses all the others.
};

}  // namespace pgsluice
