// The stream under a transaction: one request out, its response in.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "client/cpp/src/client_core.h"
#include "pgsluice/client/causal_context.h"
#include "pgsluice/v1/gateway_service.grpc.pb.h"

namespace pgsluice::client {

class TransactionStream final {
 public:
  TransactionStream(std::shared_ptr<const ClientCore> core, absl::Time deadline);
  // Begins with the first request.
  TransactionStream(std::shared_ptr<const ClientCore> core, absl::Time deadline,
                    v1::Begin begin);
  ~TransactionStream();  // Cancels what is not ended: the gateway rolls back.

  // Sends and waits for the response. A failed statement is returned as its error.
  absl::StatusOr<v1::TransactionResponse> Call(v1::TransactionRequest request);
  // For a streamed result: send, then read until something else than rows comes.
  absl::Status Send(v1::TransactionRequest request);
  absl::StatusOr<v1::TransactionResponse> Receive();
  // The answer to commit or then_commit; ends the stream.
  absl::Status ReceiveCommit();
  // Ends the stream after the last response.
  void Close();

  v1::TransactionState state() const { return state_; }
  void set_route(v1::Route route) { route_ = std::move(route); }
  const v1::Route& route() const { return route_; }
  std::optional<absl::Duration> drain_notice() const { return drain_notice_; }
  std::optional<v1::Expiring> expiry_notice() const { return expiry_notice_; }
  bool is_committed() const { return is_committed_; }
  const std::string& token() const { return token_; }
  // Notes the token of the commit. May be null.
  void set_context(CausalContext* context) { calls_ = context; }
  // Whether nothing more comes.
  bool is_over() const { return is_finished_; }
  // While a streamed result is being read, nothing else may be sent.
  bool is_streaming() const { return is_streaming_; }
  void set_streaming(bool value) { is_streaming_ = value; }

 private:
  // Why the stream is over, for a call that still expected something of it.
  absl::Status Ended();

  const std::shared_ptr<const ClientCore> core_;  // Shared with the client.
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<v1::TransactionRequest, v1::TransactionResponse>>
      stream_;
  uint64_t seq_ = 0;
  v1::TransactionState state_ = v1::TRANSACTION_STATE_UNSPECIFIED;
  v1::Route route_;
  std::optional<absl::Duration> drain_notice_;
  std::optional<v1::Expiring> expiry_notice_;
  std::optional<v1::Begin> unsent_begin_;
  bool awaits_begun_ = false;
  bool is_committed_ = false;
  std::string token_;  // Once committed.
  CausalContext* calls_ = nullptr;
  bool is_streaming_ = false;
  bool is_commit_sent_ = false;
  bool is_finished_ = false;
  absl::Status end_;  // Once finished.
};

}  // namespace pgsluice::client
