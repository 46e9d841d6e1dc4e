// Carries out what a transaction's requests ask of PostgreSQL: a turn of them in one
// flight, answered in order. Confined to the call's shard.
#pragma once

#include <optional>
#include <vector>

#include "pool/cluster.h"
#include "server/call_options.h"
#include "server/commit_doubt.h"
#include "server/transaction_answers.h"
#include "server/transaction_machine.h"
#include "server/transaction_turn.h"

namespace pgsluice {

// What begin has asked for that concerns every turn.
struct FlightHabits {
  bool has_auto_savepoint = false;
  bool announces_commit = false;
};

// What a flight needs of its stream, which outlives it.
struct TransactionFlightDeps {
  TransactionCall& call;
  const CallEnvironment& environment;
  const CallOptions& options;
  const FlightHabits& habits;
  RoutedLease& routed;
  TransactionMachine& machine;
  TransactionAnswers& answers;
};

class TransactionFlight final {
 public:
  explicit TransactionFlight(TransactionFlightDeps deps) : deps_(deps) {}

  // Runs a turn and answers it. A status other than OK ends the stream.
  asio::awaitable<absl::Status> Run(std::vector<TurnPart> turn);
  asio::awaitable<absl::Status> Rollback(uint64_t seq, v1::RollbackCause cause);

 private:
  // What became of a leg, and the answer to it.
  struct End {
    absl::Status status;
    CommandResult command;
    v1::TransactionResponse response;
    uint64_t bytes = 0;  // Of the rows returned.
  };

  asio::awaitable<absl::Status> RunTurn();
  void PlanNote();
  asio::awaitable<absl::Status> AnnounceCommit();
  asio::awaitable<absl::Status> Start();
  asio::awaitable<absl::Status> TakeSession(std::vector<Execution> legs);
  void NoteRoute();
  // It begins the transaction and does no more: there is nothing to lose.
  bool IsOpening() const;
  asio::awaitable<absl::Status> FetchOpening();
  asio::awaitable<absl::Status> FetchAll();
  asio::awaitable<void> FetchLeg(const TurnLeg& leg, End& end);
  asio::awaitable<void> FetchStatement(const TurnLeg& leg, End& end);
  asio::awaitable<absl::Status> FetchRows(const TurnPart& part, StopSignal& stop,
                                          End& end);
  asio::awaitable<absl::Status> Conclude();
  absl::Status WhyOver(TransactionStatus transaction) const;
  asio::awaitable<absl::Status> UndoStatement();
  asio::awaitable<absl::Status> AnswerLeg(size_t i);
  asio::awaitable<absl::Status> AnswerCommit();
  asio::awaitable<absl::Status> AnswerRest();
  asio::awaitable<absl::Status> SettleCommit(absl::Status doubt);

  bool HasCommit() const {
    return !legs_.empty() && legs_.back().task == LegTask::kCommit;
  }
  void Report(const TurnPart& part, const End& end, absl::Duration took,
              absl::Duration streamed) const;
  void TraceTurn(SpanScope& scope, const absl::Status& status) const;

  const TransactionFlightDeps deps_;
  std::vector<TurnPart> turn_;
  std::vector<TurnLeg> legs_;
  std::vector<End> ends_;
  v1::Route route_;
  std::optional<NoteLeg> note_leg_;  // Of the turn, once there was a COMMIT in it.
  CommitNote note_;
  size_t answered_ = 0;       // Legs.
  size_t failed_ = SIZE_MAX;  // The first leg that failed.
  absl::Duration streamed_;   // Of a statement: the caller took that long to take rows.
};

}  // namespace pgsluice
