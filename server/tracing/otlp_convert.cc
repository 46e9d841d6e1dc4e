#include "server/tracing/otlp_convert.h"

#include <algorithm>

namespace pgsluice {

namespace {

namespace otlp = opentelemetry::proto::trace::v1;
using opentelemetry::proto::common::v1::KeyValue;
using Attributes = google::protobuf::RepeatedPtrField<KeyValue>;

// Of Span.flags.
constexpr uint32_t kSampled = 0x1;
constexpr uint32_t kKnowsParentsProcess = 0x100;
constexpr uint32_t kHasRemoteParent = 0x200;

template <class Id>
std::string BytesOf(const Id& id) {
  if (!id.is_valid()) return "";
  return std::string(id.bytes.begin(), id.bytes.end());
}

uint64_t UnixNanos(absl::Time time) {
  return static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixNanos(time)));
}

void Add(std::string_view name, std::string_view text, Attributes& out) {
  KeyValue& attribute = *out.Add();
  attribute.set_key(name.data(), name.size());
  attribute.mutable_value()->set_string_value(text.data(), text.size());
}
void Add(std::string_view name, int64_t number, Attributes& out) {
  KeyValue& attribute = *out.Add();
  attribute.set_key(name.data(), name.size());
  attribute.mutable_value()->set_int_value(number);
}

void AddPlace(const EndpointPlace& place, Attributes& out) {
  if (!place.host.empty()) Add("server.address", place.host, out);
  if (place.port != 0) Add("server.port", place.port, out);
  if (!place.database.empty()) Add("db.namespace", place.database, out);
}

otlp::Span::SpanKind KindOf(SpanKind kind) {
  switch (kind) {
    case SpanKind::kInternal: return otlp::Span::SPAN_KIND_INTERNAL;
    case SpanKind::kServer: return otlp::Span::SPAN_KIND_SERVER;
    case SpanKind::kClient: return otlp::Span::SPAN_KIND_CLIENT;
  }
  return otlp::Span::SPAN_KIND_INTERNAL;
}

void SpanToOtlp(const Span& span, const TracedCall& call, const EndpointPlaces& places,
                otlp::Span& out) {
  out.set_trace_id(BytesOf(call.trace_id));
  out.set_span_id(BytesOf(span.id));
  out.set_parent_span_id(BytesOf(span.parent));
  out.set_trace_state(call.trace_state);
  out.set_flags(kSampled | kKnowsParentsProcess |
                (span.has_remote_parent ? kHasRemoteParent : 0));
  out.set_name(span.name);
  out.set_kind(KindOf(span.kind));
  out.set_start_time_unix_nano(UnixNanos(span.begun));
  // The clock may have been set back meanwhile.
  out.set_end_time_unix_nano(UnixNanos(std::max(span.begun, span.ended)));
  if (span.status == SpanStatus::kError) {
    out.mutable_status()->set_code(otlp::Status::STATUS_CODE_ERROR);
  }
  for (const SpanAttribute& attribute : span.attributes) {
    const auto* text = std::get_if<std::string>(&attribute.value);
    if (text == nullptr) {
      Add(attribute.name, std::get<int64_t>(attribute.value), *out.mutable_attributes());
      continue;
    }
    Add(attribute.name, *text, *out.mutable_attributes());
    if (attribute.name != kEndpointAttribute) continue;
    const auto place = places.find(*text);
    if (place != places.end()) AddPlace(place->second, *out.mutable_attributes());
  }
  for (const SpanEvent& event : span.events) {
    otlp::Span::Event& happened = *out.add_events();
    happened.set_name(event.name.data(), event.name.size());
    happened.set_time_unix_nano(UnixNanos(event.at));
  }
}

}  // namespace

opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest ToOtlp(
    const SpanQueue::Batch& batch, const SpanOrigin& origin,
    const EndpointPlaces& places) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  otlp::ResourceSpans& of_us = *request.add_resource_spans();
  for (const auto& [name, value] : origin.resource) {
    Add(name, value, *of_us.mutable_resource()->mutable_attributes());
  }
  otlp::ScopeSpans& scope = *of_us.add_scope_spans();
  scope.mutable_scope()->set_name("pgsluice");
  scope.mutable_scope()->set_version(origin.version);
  for (const TracedCall& call : batch) {
    for (const Span& span : call.spans) {
      SpanToOtlp(span, call, places, *scope.add_spans());
    }
  }
  return request;
}

}  // namespace pgsluice
