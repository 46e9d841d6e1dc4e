// Carries out one transaction: requests in, statements to PostgreSQL, responses out, as
// transaction_machine decides. Confined to the call's shard.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "pool/cluster.h"
#include "server/call_options.h"
#include "server/pending_read.h"
#include "server/transaction_call.h"
#include "server/transaction_machine.h"

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

 private:
  using Reader = RequestReader<TransactionCall, v1::TransactionRequest>;

  // Each answers its request. A status other than OK ends the stream.
  asio::awaitable<absl::Status> Serve(const v1::TransactionRequest& request);
  asio::awaitable<absl::Status> Begin(const v1::TransactionRequest& request);
  asio::awaitable<absl::Status> TakeSession(const Statement& begin);
  asio::awaitable<absl::Status> RunStatement(const v1::TransactionRequest& request);
  asio::awaitable<absl::Status> Execute(const Statement& statement, RowSink& sink,
                                        CommandResult& result);
  asio::awaitable<absl::Status> StreamRows(const v1::TransactionRequest& request,
                                           const Statement& statement,
                                           v1::QueryResponse& end);
  asio::awaitable<absl::Status> Commit(uint64_t seq);
  asio::awaitable<absl::Status> Rollback(uint64_t seq, v1::RollbackCause cause);

  // The caller did not end it: rolls back, says so in-band, and returns the stream's
  // status.
  asio::awaitable<absl::Status> EndUnasked(v1::RollbackCause cause, absl::Status status);
  asio::awaitable<absl::Status> Refuse(uint64_t seq, const absl::Status& error);
  asio::awaitable<absl::Status> AnnounceDrain();
  asio::awaitable<absl::Status> Write(v1::TransactionResponse& response);

  std::shared_ptr<TransactionCall> call_;  // Shared with gRPC until the call is over.
  const CallEnvironment& environment_;
  TransactionMachine machine_;
  Reader reader_;
  CallOptions options_;
  absl::Duration idle_timeout_;
  absl::Duration streamed_;  // Of this statement: the caller took that long to take rows.
  RoutedLease routed_;
  std::optional<absl::Duration> drain_notice_;
};

}  // namespace pgsluice
