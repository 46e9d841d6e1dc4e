// Where the spans of calls go.
#include "absl/random/random.h"

#include "server/log.h"
#include "server/server.h"
#include "server/tracing_log.h"
#include "server/version.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kFlushWithin = absl::Seconds(3);

// Tells this process from others, and from itself after a restart.
std::string NewInstanceId() {
  absl::BitGen random;
  TraceId id;
  for (uint8_t& byte : id.bytes) byte = absl::Uniform<uint8_t>(random);
  return HexOf(id);
}

}  // namespace

absl::Status Server::StartTracing() {
  if (!TracesCalls(config_.tracing())) return absl::OkStatus();
  auto tracing = Tracing::Start(
      TracingOptionsOf(config_.tracing(), kVersion, NewInstanceId()), LogTracingTrouble);
  if (!tracing.ok()) return tracing.status();
  tracing_ = *std::move(tracing);
  Log(LogLevel::kInfo, "calls are traced",
      {{"collector", config_.tracing().endpoint()},
       {"sampler", config::v1::TraceSampler_Name(config_.tracing().sampler())}});
  for (auto& gate : gates_) {
    tracers_.push_back(tracing_->MakeTracer());
    gate->set_tracer(tracers_.back().get());
  }
  return absl::OkStatus();
}

void Server::FlushSpans() {
  if (tracing_ != nullptr) tracing_->Flush(kFlushWithin);
}

}  // namespace pgsluice
