#include "server/transaction_answers.h"

#include <utility>

#include "server/convert/commit_evidence.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/status.h"
#include "server/convert/times.h"
#include "server/stall_guard.h"
#include "server/write_tokens.h"

namespace pgsluice {

namespace {

v1::TransactionState StateOf(const TransactionMachine& machine) {
  switch (machine.state()) {
    case TransactionMachine::State::kAwaitingBegin:
      return v1::TRANSACTION_STATE_UNSPECIFIED;
    case TransactionMachine::State::kActive: return v1::TRANSACTION_STATE_ACTIVE;
    case TransactionMachine::State::kFailed: return v1::TRANSACTION_STATE_FAILED;
    case TransactionMachine::State::kEnded: return v1::TRANSACTION_STATE_ENDED;
  }
  return v1::TRANSACTION_STATE_UNSPECIFIED;
}

}  // namespace

void TransactionAnswers::NoteSession(absl::Time now) {
  if (!has_session_since_.has_value()) has_session_since_ = now;
}

void TransactionAnswers::NoteEnd(TransactionOutcome outcome) {
  if (!has_session_since_.has_value() || has_ended_) return;
  has_ended_ = true;
  if (call_.audit() != nullptr) {
    call_.audit()->NoteTransaction(TransactionOutcomeName(outcome));
  }
  environment_.metrics.transactions.Count(TransactionKind::kStream, outcome,
                                          absl::Now() - *has_session_since_);
}

asio::awaitable<absl::Status> TransactionAnswers::Write(
    v1::TransactionResponse response) {
  response.set_state(StateOf(machine_));
  StallGuard guard(call_, environment_.limits.stream_stall_timeout);
  const bool is_taken = co_await call_.Write(response);
  if (is_taken) co_return absl::OkStatus();
  call_.stop().Stop(StopReason::kCancelled);
  co_return TransactionStopped(call_.stop().reason());
}

asio::awaitable<absl::Status> TransactionAnswers::Refuse(uint64_t seq,
                                                         absl::Status error) {
  v1::TransactionResponse response;
  response.set_seq(seq);
  *response.mutable_statement_error() = ToRpcStatus(error, environment_.status);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::Skip(uint64_t seq) {
  v1::TransactionResponse response;
  response.set_seq(seq);
  response.mutable_skipped()->set_failed_seq(failed_seq_);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::Begun(uint64_t seq, v1::Route route) {
  v1::TransactionResponse response;
  response.set_seq(seq);
  *response.mutable_begun()->mutable_route() = std::move(route);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::Committing(uint64_t seq,
                                                             CommitEvidence evidence) {
  v1::TransactionResponse response;
  response.set_seq(seq);
  *response.mutable_committing()->mutable_transaction() = ToProto(evidence);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::Committed(
    uint64_t seq, CommandResult commit, std::optional<CommitEvidence> evidence,
    CommitSource source) {
  NoteEnd(TransactionOutcome::kCommitted);
  v1::QueryResponse facts;
  CommandToProto(commit, facts);
  v1::TransactionResponse response;
  response.set_seq(seq);
  v1::Committed& committed = *response.mutable_committed();
  *committed.mutable_notices() = std::move(*facts.mutable_notices());
  committed.set_token(TokenOf(environment_, commit.position));
  if (evidence.has_value()) *committed.mutable_transaction() = ToProto(*evidence);
  committed.set_resolved(source == CommitSource::kResolved);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::RolledBack(uint64_t seq,
                                                             v1::RollbackCause cause) {
  const bool was_asked_for =
      cause == v1::ROLLBACK_CAUSE_REQUESTED || cause == v1::ROLLBACK_CAUSE_FAILED;
  NoteEnd(was_asked_for ? TransactionOutcome::kRolledBack : TransactionOutcome::kAborted);
  v1::TransactionResponse response;
  response.set_seq(seq);
  response.mutable_rolled_back()->set_cause(cause);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::Expiring(v1::TransactionLimit limit,
                                                           absl::Duration in) {
  v1::TransactionResponse response;
  response.mutable_expiring()->set_limit(limit);
  *response.mutable_expiring()->mutable_in() = ToProto(in);
  return Write(std::move(response));
}

asio::awaitable<absl::Status> TransactionAnswers::Draining(absl::Duration finish_within) {
  v1::TransactionResponse response;
  *response.mutable_draining()->mutable_finish_within() = ToProto(finish_within);
  return Write(std::move(response));
}

}  // namespace pgsluice
