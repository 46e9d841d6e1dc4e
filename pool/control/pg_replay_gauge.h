// The real ReplayGauge: a control session with one replica, opened when there is
// something to ask.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "pool/replay_watch.h"

namespace pgsluice {

class PgReplayGauge final : public ReplayGauge {
 public:
  // `timeout` of a connect and of each question.
  PgReplayGauge(Endpoint endpoint, absl::Duration timeout, ConninfoReader read_conninfo);
  ~PgReplayGauge() override;

  absl::StatusOr<WalReading> Ask() override;
  void Rest() override;
  void Interrupt() override;

 private:
  struct Connection;

  const Endpoint endpoint_;
  const absl::Duration timeout_;
  const ConninfoReader read_conninfo_;
  std::unique_ptr<Connection> connection_;
  std::atomic<int> socket_{-1};
};

}  // namespace pgsluice
