// A collector of spans, as far as gateways see one: takes OTLP over gRPC, remembers what
// came, and can refuse or hang. Thread-safe.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"

namespace pgsluice::testing {

using OtlpSpan = opentelemetry::proto::trace::v1::Span;
using OtlpAttributes =
    google::protobuf::RepeatedPtrField<opentelemetry::proto::common::v1::KeyValue>;

class OtlpReceiver final {
 public:
  // On a free port of 127.0.0.1; null when there is none. Without TLS unless credentials
  // are given.
  static std::unique_ptr<OtlpReceiver> Start(
      std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  ~OtlpReceiver();
  OtlpReceiver(const OtlpReceiver&) = delete;
  OtlpReceiver& operator=(const OtlpReceiver&) = delete;

  int port() const { return port_; }
  // As tracing.endpoint, without TLS.
  std::string endpoint() const;

  // What it does from now on; at first it takes everything.
  void AnswerWith(grpc::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes requests, but for so many of their spans.
  void Reject(int64_t spans) ABSL_LOCKS_EXCLUDED(mutex_);
  // Does not answer, until it is told to.
  void Hang(bool hangs) ABSL_LOCKS_EXCLUDED(mutex_);

  // Counts the spans that it takes, but does not keep them.
  void Swallow() ABSL_LOCKS_EXCLUDED(mutex_);

  // Spans that it has taken.
  size_t taken() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Requests that came, whatever became of them.
  size_t requests() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of requests that were taken.
  std::vector<OtlpSpan> spans() const ABSL_LOCKS_EXCLUDED(mutex_);
  OtlpAttributes resource() const ABSL_LOCKS_EXCLUDED(mutex_);
  // A header of the request that came last; empty: none.
  std::string header(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Service = opentelemetry::proto::collector::trace::v1::TraceService::Service;
  using Request = opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;
  using Response = opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;

  class Door final : public Service {
   public:
    explicit Door(OtlpReceiver& receiver) : receiver_(receiver) {}
    grpc::Status Export(grpc::ServerContext* context, const Request* request,
                        Response* response) override {
      return receiver_.Take(*context, *request, *response);
    }

   private:
    OtlpReceiver& receiver_;
  };

  OtlpReceiver() : door_(*this) {}
  grpc::Status Take(const grpc::ServerContext& context, const Request& request,
                    Response& response) ABSL_LOCKS_EXCLUDED(mutex_);

  Door door_;
  int port_ = 0;

  mutable absl::Mutex mutex_;
  grpc::Status answer_ ABSL_GUARDED_BY(mutex_);
  int64_t rejected_ ABSL_GUARDED_BY(mutex_) = 0;
  bool answers_ ABSL_GUARDED_BY(mutex_) = true;
  bool swallows_ ABSL_GUARDED_BY(mutex_) = false;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t requests_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<OtlpSpan> spans_ ABSL_GUARDED_BY(mutex_);
  OtlpAttributes resource_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> headers_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<grpc::Server> server_;  // Its threads use all the others.
};

// Of a span or a resource, numbers as text; empty: there is none.
std::string AttributeOf(const OtlpAttributes& attributes, std::string_view name);
std::string AttributeOf(const OtlpSpan& span, std::string_view name);
// Lower-case hexadecimal digits.
std::string HexText(std::string_view bytes);

}  // namespace pgsluice::testing
