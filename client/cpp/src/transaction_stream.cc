#include "client/cpp/src/transaction_stream.h"

#include <utility>

#include "client/cpp/src/request.h"
#include "client/cpp/src/status_details.h"

namespace pgsluice::client {
namespace {

absl::Status EndedEarlier(const absl::Status& end) {
  std::string message = "the transaction is over";
  if (!end.ok()) message += ": " + std::string(end.message());
  return absl::FailedPreconditionError(message);
}

}  // namespace

TransactionStream::TransactionStream(std::shared_ptr<const ClientCore> core,
                                     absl::Time deadline)
    : core_(std::move(core)) {
  PrepareContext(*core_, deadline, context_);
  stream_ = core_->stub->Transaction(&context_);
}

TransactionStream::TransactionStream(std::shared_ptr<const ClientCore> core,
                                     absl::Time deadline, v1::Begin begin)
    : TransactionStream(std::move(core), deadline) {
  unsent_begin_ = std::move(begin);
  state_ = v1::TRANSACTION_STATE_ACTIVE;
}

TransactionStream::~TransactionStream() {
  if (is_finished_) return;
  context_.TryCancel();
  Close();
}

absl::StatusOr<v1::TransactionResponse> TransactionStream::Call(
    v1::TransactionRequest request) {
  absl::Status sent = Send(std::move(request));
  if (!sent.ok()) return sent;
  return Receive();
}

absl::Status TransactionStream::Send(v1::TransactionRequest request) {
  if (is_finished_) return EndedEarlier(end_);
  if (is_streaming_) {
    return absl::FailedPreconditionError(
        "a streamed result of this transaction is still being read");
  }
  if (unsent_begin_.has_value()) {
    awaits_begun_ = true;
    const bool may_go_along = request.has_execute() || request.has_query();
    v1::TransactionRequest alone;
    v1::TransactionRequest& first = may_go_along ? request : alone;
    *first.mutable_begin() = *std::move(unsent_begin_);
    unsent_begin_.reset();
    if (!may_go_along && !stream_->Write(alone)) return Ended();
  }
  request.set_seq(++seq_);
  if (request.has_commit() || request.then_commit()) is_commit_sent_ = true;
  if (!stream_->Write(request)) return Ended();
  return absl::OkStatus();
}

absl::StatusOr<v1::TransactionResponse> TransactionStream::Receive() {
  v1::TransactionResponse response;
  while (stream_->Read(&response)) {
    if (response.has_draining()) {
      drain_notice_ = absl::Seconds(response.draining().finish_within().seconds()) +
                      absl::Nanoseconds(response.draining().finish_within().nanos());
      continue;
    }
    if (response.has_expiring()) {
      expiry_notice_ = response.expiring();
      continue;
    }
    state_ = response.state();
    if (response.has_begun() && awaits_begun_) {
      awaits_begun_ = false;
      route_ = std::move(*response.mutable_begun()->mutable_route());
      continue;
    }
    // The gateway's own rollback: its status, the stream's last word, says why.
    if (response.has_rolled_back() && response.seq() == 0) continue;
    if (response.seq() != seq_) {
      context_.TryCancel();
      Close();
      return absl::InternalError("the gateway answered out of order");
    }
    if (response.has_statement_error()) return FromRpcStatus(response.statement_error());
    if (response.has_skipped()) {
      return absl::FailedPreconditionError(
          "not run: the transaction had failed; roll back, or roll back to a savepoint");
    }
    return response;
  }
  return Ended();
}

absl::Status TransactionStream::ReceiveCommit() {
  absl::StatusOr<v1::TransactionResponse> response = Receive();
  if (!response.ok()) return response.status();
  is_committed_ = response->has_committed();
  token_ = response->committed().token();
  NoteToken(calls_, token_);
  Close();
  if (is_committed_) return absl::OkStatus();
  return absl::AbortedError(
      "not committed: a statement had failed, so it was rolled back");
}

absl::Status TransactionStream::Ended() {
  Close();
  if (end_.ok()) return absl::DataLossError("the gateway ended the transaction early");
  return end_;
}

void TransactionStream::Close() {
  if (is_finished_) return;
  is_finished_ = true;
  stream_->WritesDone();
  v1::TransactionResponse ignored;
  while (stream_->Read(&ignored)) {
  }
  end_ = CallFailure(
      stream_->Finish(), context_,
      is_commit_sent_ ? WhenBroken::kOutcomeUnknown : WhenBroken::kRolledBack);
  state_ = v1::TRANSACTION_STATE_ENDED;
}

}  // namespace pgsluice::client
