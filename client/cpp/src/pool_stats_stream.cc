#include "pgsluice/client/pool_stats_stream.h"

#include <utility>

#include "client/cpp/src/client_core.h"
#include "client/cpp/src/status_details.h"

namespace pgsluice::client {

struct PoolStatsStream::Call {
  std::shared_ptr<const ClientCore> core;  // Shared with the client.
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::WatchPoolStatsResponse>> reader;
  bool is_finished = false;
};

PoolStatsStream::PoolStatsStream(std::shared_ptr<const ClientCore> core,
                                 const WatchOptions& options)
    : call_(std::make_unique<Call>()) {
  call_->core = std::move(core);
  PrepareContext(*call_->core, absl::InfiniteFuture(), call_->context);
  v1::WatchPoolStatsRequest request;
  absl::Duration rest = options.interval;
  request.mutable_interval()->set_seconds(
      absl::IDivDuration(rest, absl::Seconds(1), &rest));
  request.mutable_interval()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  request.set_history(options.history);
  call_->reader = call_->core->stub->WatchPoolStats(&call_->context, request);
}

PoolStatsStream::PoolStatsStream(PoolStatsStream&&) noexcept = default;
PoolStatsStream& PoolStatsStream::operator=(PoolStatsStream&& other) noexcept {
  std::swap(call_, other.call_);
  std::swap(status_, other.status_);
  return *this;
}

PoolStatsStream::~PoolStatsStream() {
  if (call_ == nullptr || call_->is_finished) return;
  call_->context.TryCancel();
  // gRPC wants every message read before Finish.
  while (Next().has_value()) {
  }
}

std::optional<v1::WatchPoolStatsResponse> PoolStatsStream::Next() {
  if (call_->is_finished) return std::nullopt;
  v1::WatchPoolStatsResponse message;
  if (call_->reader->Read(&message)) return message;
  call_->is_finished = true;
  status_ = FromGrpc(call_->reader->Finish());
  if (status_.ok()) status_ = absl::UnavailableError("the gateway ended the stream");
  return std::nullopt;
}

void PoolStatsStream::Cancel() { call_->context.TryCancel(); }

}  // namespace pgsluice::client
