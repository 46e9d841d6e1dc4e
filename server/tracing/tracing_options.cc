#include "server/tracing/tracing_options.h"

#include <utility>

#include "server/config/cluster_options.h"

namespace pgsluice {

namespace {

constexpr char kServiceName[] = "service.name";

Sampler SamplerOf(const config::v1::Tracing& tracing) {
  Sampler sampler{.ratio = tracing.sampler_argument()};
  switch (tracing.sampler()) {
    case config::v1::TRACE_SAMPLER_ALWAYS_ON:
    case config::v1::TRACE_SAMPLER_PARENTBASED_ALWAYS_ON:
      sampler.kind = Sampler::Kind::kAlwaysOn;
      break;
    case config::v1::TRACE_SAMPLER_TRACEIDRATIO:
    case config::v1::TRACE_SAMPLER_PARENTBASED_TRACEIDRATIO:
      sampler.kind = Sampler::Kind::kTraceIdRatio;
      break;
    default: sampler.kind = Sampler::Kind::kAlwaysOff;
  }
  switch (tracing.sampler()) {
    case config::v1::TRACE_SAMPLER_PARENTBASED_ALWAYS_ON:
    case config::v1::TRACE_SAMPLER_PARENTBASED_ALWAYS_OFF:
    case config::v1::TRACE_SAMPLER_PARENTBASED_TRACEIDRATIO:
      sampler.is_parent_based = true;
      break;
    default: sampler.is_parent_based = false;
  }
  return sampler;
}

// In place of one of that name.
void Put(const std::string& name, const std::string& value, NamedValues& values) {
  for (auto& [known, old] : values) {
    if (known != name) continue;
    old = value;
    return;
  }
  values.emplace_back(name, value);
}

// Checked when the configuration was loaded.
template <class T>
T Checked(absl::StatusOr<T> parsed) {
  return parsed.ok() ? *std::move(parsed) : T();
}

NamedValues ResourceOf(const config::v1::Tracing& tracing, const std::string& version,
                       const std::string& instance) {
  NamedValues resource = {
      {kServiceName, "pgsluice"},        {"service.version", version},
      {"service.instance.id", instance}, {"telemetry.sdk.name", "pgsluice"},
      {"telemetry.sdk.language", "cpp"}, {"telemetry.sdk.version", version}};
  for (const auto& [name, value] :
       Checked(ParseNamedValues(tracing.resource_attributes()))) {
    Put(name, value, resource);
  }
  if (!tracing.service_name().empty()) {
    Put(kServiceName, tracing.service_name(), resource);
  }
  return resource;
}

}  // namespace

TracingOptions TracingOptionsOf(const config::v1::Tracing& tracing,
                                const std::string& version, const std::string& instance) {
  return {
      .sampler = SamplerOf(tracing),
      .queue = {.max_spans = tracing.max_queue(),
                .max_batch = tracing.max_batch(),
                .interval = ToDuration(tracing.interval())},
      .exporter = {.address = Checked(ParseCollectorAddress(tracing.endpoint())),
                   .ca_file = tracing.ca_file(),
                   .cert_file = tracing.cert_file(),
                   .key_file = tracing.key_file(),
                   .headers = Checked(ParseHeaders(tracing.headers())),
                   .headers_file = tracing.headers_file(),
                   .timeout = ToDuration(tracing.timeout()),
                   .give_up_after = ToDuration(tracing.give_up_after())},
      .origin = {.resource = ResourceOf(tracing, version, instance), .version = version}};
}

}  // namespace pgsluice
