#include "server/tracing/tracing.h"

#include <utility>

namespace pgsluice {

absl::StatusOr<std::unique_ptr<Tracing>> Tracing::Start(
    const TracingOptions& options,
    std::function<void(std::string_view trouble)> on_change) {
  auto channel = MakeCollectorChannel(options.exporter);
  if (!channel.ok()) return channel.status();
  std::unique_ptr<Tracing> tracing(new Tracing(options));
  tracing->exporter_ = std::make_unique<OtlpExporter>(
      OtlpExporterDeps{.options = options.exporter,
                       .origin = options.origin,
                       .channel = *std::move(channel),
                       .queue = &tracing->queue_,
                       .places = [self = tracing.get()] { return self->places(); },
                       .on_change = std::move(on_change)});
  return tracing;
}

void Tracing::Follow(const std::vector<Endpoint>& endpoints) {
  EndpointPlaces places = PlacesOf(endpoints);
  absl::MutexLock lock(&mutex_);
  places_.swap(places);
}

EndpointPlaces Tracing::places() const {
  absl::MutexLock lock(&mutex_);
  return places_;
}

}  // namespace pgsluice
