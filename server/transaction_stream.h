// The life of one transaction's stream: takes requests as they come, has them carried out
// as transaction_machine allows, and ends what nobody ended. Confined to the call's
// shard.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "pool/cluster.h"
#include "pool/timer.h"
#include "server/call_options.h"
#include "server/pending_read.h"
#include "server/transaction_answers.h"
#include "server/transaction_call.h"
#include "server/transaction_flight.h"
#include "server/transaction_limits.h"
#include "server/transaction_machine.h"
#include "server/transaction_turn.h"

namespace pgsluice {

class TransactionStream final {
 public:
  TransactionStream(std::shared_ptr<TransactionCall> call,
                    const CallEnvironment& environment);
  TransactionStream(const TransactionStream&) = delete;
  TransactionStream& operator=(const TransactionStream&) = delete;
  ~TransactionStream();

  // From the first request to the end. The transaction is over when it returns:
  // committed, rolled back, or being rolled back with its session.
  asio::awaitable<absl::Status> Run();
  // Counts it, if it has not been yet; `status`: what Run ended with.
  void CountEnd(const absl::Status& status) {
    answers_.NoteEnd(OutcomeOfFailure(status));
  }

 private:
  using Reader = RequestReader<TransactionCall, v1::TransactionRequest>;

  // Answers it, and those behind it that may travel along. A status other than OK ends
  // the stream.
  asio::awaitable<absl::Status> Serve(v1::TransactionRequest request);
  absl::Status Begin(const v1::Begin& begin, TurnPart& part);
  absl::Status SetLimits(const v1::Begin& begin);
  TurnPart NextPart(v1::TransactionRequest request) const;
  std::vector<TurnPart> TakeTurn(TurnPart first);

  asio::awaitable<absl::Status> Tell(TransactionEvent event);
  asio::awaitable<absl::Status> AnnounceDrain();
  asio::awaitable<absl::Status> EndStopped();
  // The caller did not end it: rolls back, says so in-band, and returns the stream's
  // status.
  asio::awaitable<absl::Status> EndUnasked(v1::RollbackCause cause, absl::Status status);

  std::shared_ptr<TransactionCall> call_;  // Shared with gRPC until the call is over.
  const CallEnvironment& environment_;
  TransactionMachine machine_;
  TransactionAnswers answers_;
  TransactionLimits limits_;
  Reader reader_;
  CallOptions options_;
  FlightHabits habits_;
  bool only_reads_ = false;  // The transaction is READ ONLY.
  RoutedLease routed_;
  Timer total_;
  std::optional<absl::Duration> drain_notice_;
};

}  // namespace pgsluice
