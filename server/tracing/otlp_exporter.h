// Sends spans to a collector, batch by batch, from a thread of its own. Thread-safe.
#pragma once

#include <functional>
#include <grpcpp/channel.h>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "server/tracing/span_queue.h"
#include "server/tracing/tracing_options.h"

namespace pgsluice {

struct OtlpExporterDeps {
  ExportOptions options;
  SpanOrigin origin;
  std::shared_ptr<grpc::Channel> channel;  // Shared with gRPC.
  SpanQueue* queue = nullptr;
  std::function<EndpointPlaces()> places;
  // What the collector, or the way to it, is in trouble for; empty: all is well again. On
  // the exporter's thread, now and then.
  std::function<void(std::string_view trouble)> on_change;
};

// The error says which file is no good.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeCollectorChannel(
    const ExportOptions& options);

class OtlpExporter final {
 public:
  explicit OtlpExporter(OtlpExporterDeps deps);
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;
  ~OtlpExporter();

  // Closes the queue, and sends what is in it; what has not been taken after `within` is
  // dropped. Once.
  void Flush(absl::Duration within) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Request = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
  using Response = opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void Send(const SpanQueue::Batch& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  grpc::Status TryOnce(const Request& request, Response& response)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status AddHeaders(grpc::ClientContext& context) const;
  void TakeAnswer(const Response& response, size_t spans);
  // Or until it is to end.
  void SleepUntil(absl::Time when) ABSL_LOCKS_EXCLUDED(mutex_);
  // The latest moment for anything.
  absl::Time end() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Tell(std::string_view trouble);

  const OtlpExporterDeps deps_;
  const std::unique_ptr<opentelemetry::proto::collector::trace::v1::TraceService::Stub>
      stub_;

  // The thread's own.
  absl::InsecureBitGen random_;
  bool is_in_trouble_ = false;
  absl::Time last_told_ = absl::InfinitePast();

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  absl::Time end_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool is_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_cut_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;  // Under way.

  std::thread thread_;
};

}  // namespace pgsluice
