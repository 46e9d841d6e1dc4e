// The gateway's pools, told again and again.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pgsluice/v1/pool_stats.pb.h"

namespace pgsluice::client {

struct ClientCore;

struct WatchOptions {
  // Between two messages; alerts come in between. At least 100 ms.
  absl::Duration interval = absl::Seconds(1);
  // Samples of each endpoint in every message, the latest ones.
  uint32_t history = 0;
};

// while (auto message = stream.Next()) {...} and then look at status().
class PoolStatsStream final {
 public:
  PoolStatsStream(std::shared_ptr<const ClientCore> core, const WatchOptions& options);
  PoolStatsStream(PoolStatsStream&&) noexcept;
  PoolStatsStream& operator=(PoolStatsStream&&) noexcept;
  // Cancels what has not ended.
  ~PoolStatsStream();

  // Waits for the next message; nothing once the stream has ended.
  std::optional<v1::WatchPoolStatsResponse> Next();
  // Makes Next end. From any thread.
  void Cancel();

  // Why it ended: UNAVAILABLE when the gateway shut down or is gone. OK before.
  const absl::Status& status() const { return status_; }

 private:
  struct Call;
  std::unique_ptr<Call> call_;
  absl::Status status_;
};

}  // namespace pgsluice::client
