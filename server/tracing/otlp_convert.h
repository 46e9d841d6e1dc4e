// From spans to the messages of OTLP. Rules file.
#pragma once

#include <string>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "server/config/tracing_checks.h"
#include "server/tracing/endpoint_places.h"
#include "server/tracing/span.h"
#include "server/tracing/span_queue.h"

namespace pgsluice {

struct SpanOrigin {
  NamedValues resource;  // service.name and so on.
  std::string version;   // Of pgsluice.
};

opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest ToOtlp(
    const SpanQueue::Batch& batch, const SpanOrigin& origin,
    const EndpointPlaces& places);

}  // namespace pgsluice
