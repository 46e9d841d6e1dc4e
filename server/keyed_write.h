// A write with an idempotency key: what that adds to the write's transaction. Behind
// BEGIN the key is reserved, before COMMIT the answer is recorded with it; a key that is
// there already fails the flight before anything else runs, and its answer is read
// instead. Confined to the call's shard.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "asio/awaitable.hpp"

#include "pgsluice/v1/batch.pb.h"
#include "pool/first_row.h"
#include "pool/lease.h"
#include "pool/session.h"
#include "server/call_environment.h"
#include "server/call_options.h"
#include "server/rpc.h"

namespace pgsluice {

class KeyedWrite final {
 public:
  // `digest`: of the request.
  KeyedWrite(const CallEnvironment& environment, std::string key, std::string digest);

  // The leg behind BEGIN.
  Execution reserve() const {
    return {.statement = &reserve_, .phase = Phase::kTransaction};
  }
  RowSink& reserve_sink() { return reserved_; }
  // What the leg's failure means: a repeat, or an error to be told.
  bool IsRepeat(const absl::Status& failure) const;
  absl::Status WhyNotReserved(const absl::Status& failure) const;

  // The leg before COMMIT; valid until the next one is made. An error: the answer is too
  // long.
  absl::StatusOr<Execution> Record(const v1::BatchResponse& answer);

  // Ends the transaction that the repeat has failed, and fills in the recorded answer.
  // The result is that of reading it, with a position behind it if wanted.
  asio::awaitable<absl::StatusOr<CommandResult>> Replay(Lease& lease, StopSignal& stop,
                                                        v1::BatchResponse& answer,
                                                        bool wants_position) const;

 private:
  const CallEnvironment& environment_;
  const std::string key_;
  const std::string digest_;
  const Statement reserve_;
  FirstRow reserved_;
  Statement record_;
};

// Whether the gateway can keep keys now; waits a little after a start. OK, or what the
// call ends with.
asio::awaitable<absl::Status> AwaitKeys(CallBase& call,
                                        const CallEnvironment& environment);

}  // namespace pgsluice
