// The real session: one PostgreSQL connection driven by libpq without blocking.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/options.h"
#include "pool/pg/current_statement.h"
#include "pool/pg/pg_connection.h"
#include "pool/pg/pg_flight.h"
#include "pool/pg/pg_session_deps.h"
#include "pool/server_timeout.h"
#include "pool/session.h"
#include "pool/statement_cache.h"
#include "pool/timer.h"
#include "pool/write_position.h"

namespace pgsluice {

// Confined to its shard, but for RequestStop and Close. Shared by its pool and its own
// pending work.
class PgSession final : public Session, public std::enable_shared_from_this<PgSession> {
 public:
  // `connection` is connected and initialised.
  PgSession(PgSessionDeps deps, std::unique_ptr<PgConnection> connection);

  int shard() const override { return deps_.shard; }
  asio::any_io_executor executor() const override { return deps_.executor; }
  asio::awaitable<absl::Status> Start(const Execution& execution) override;
  asio::awaitable<absl::Status> StartFlight(std::span<const Execution> legs,
                                            FlightKind kind) override;
  asio::awaitable<absl::StatusOr<Fetched>> Fetch(RowSink& sink) override;
  void RequestStop(uint64_t id, StopReason reason) override;
  SessionFacts facts() const override { return facts_; }
  bool LooksAlive() const override;
  void WatchClosely() override;
  void CleanUp(const CleanUpPlan& plan, std::function<void(absl::Status)> done) override;
  void Close() override;

 private:
  using Current = CurrentStatement;

  // What a look at the input brought.
  enum class Input {
    kNeeded,  // Nothing more to take: wait.
    kFull,    // The sink wants a pause.
    kEnded,   // The statement is over.
  };

  // Sending (pg_session.cc).
  bool WasUsedJustNow() const;
  bool IsGoneWhileIdle();
  bool IsWorthPreparing(const Statement& statement);
  void NoteStateRisk(const Statement& statement, const StatementCache::Prepared* known);
  bool SendUnprepared(const Statement& statement);
  bool SendPrepared(const Statement& statement, const std::string& name);
  void FillParameters(const Statement& statement);
  asio::awaitable<absl::Status> Send();
  asio::awaitable<absl::Status> Flush();
  asio::awaitable<absl::Status> Prepare(const Statement& statement);

  // Sending a flight (pg_session_flight.cc).
  absl::Status CheckBeforeStart();
  absl::Status Launch(FlightKind kind, std::vector<PgLeg> legs);
  absl::Status TakeSettings(std::span<const Execution> legs, FlightKind kind);
  static bool IsLabelled(const Execution& execution);
  void TakeLabel(std::span<const Execution> legs);
  void AddLabelLegs(std::vector<PgLeg>& legs) const;
  void GuardReads(FlightKind kind, std::vector<PgLeg>& legs) const;
  void GuardWrites(std::vector<PgLeg>& legs) const;
  static void AddPositionLegs(std::vector<PgLeg>& legs);
  void DeallocateEvicted(std::vector<PgLeg>& legs);
  bool SendLegs();
  bool SendLeg(PgLeg& leg);
  void ChoosePrepared(PgLeg& leg);
  bool SendSync();
  void EnterLeg(StopReason stop_reason, bool gave_up);

  // Bounding statements on the server, too (pg_session_timeout.cc).
  std::optional<absl::Duration> NextTimeout(std::span<const Execution> legs) const;
  void AddTimeoutLeg(absl::Duration timeout, std::vector<PgLeg>& legs);
  void NoteTimeoutLeg(const PgLeg& leg, const absl::Status& status);
  void NoteTimeoutAfter(const Statement& statement, bool has_failed);

  // Reading a flight (pg_session_legs.cc).
  asio::awaitable<absl::StatusOr<Fetched>> FetchLeg(RowSink& sink);
  bool CanBeCommitted() const;
  bool IsCommitDue() const;
  void TakeCommit(Current ended);
  void TakePosition(const Current& ended);
  bool MayRunAgain(const Current& ended) const;
  asio::awaitable<absl::Status> RunAgain(Execution execution);
  asio::awaitable<void> AwaitFlight();
  Input TakeLeg(RowSink& sink);
  Input TakeLegResult(const PGresult* result, RowSink& sink);
  void CutFlight();
  absl::Status WhyNotRun() const;
  Current EndLeg();
  void LeavePipeline();

  // Reading (pg_session_read.cc).
  Input TakeInput(RowSink& sink);
  Input TakeResult(const PGresult* result, RowSink& sink);
  Input TakeRow(const PGresult* result, int row, RowSink& sink);
  void TakeColumns(const PGresult* result, RowSink& sink);
  void TakeError(const PGresult* result);
  bool IsUnfinishedForSure(const PGresult* result) const;
  static bool IsOwnEnd(std::string_view sqlstate);
  void RefuseCopyIn();
  // The statement failed by itself: cancel it, keep the first error.
  void Abandon(absl::Status error);
  bool ShouldSendAgain() const;
  static bool IsPreparedLost(const Current& statement);
  void ForgetPrepared();
  absl::StatusOr<Fetched> EndStatement();
  absl::StatusOr<Fetched> AnswerOf(Current ended);

  // Stopping and cleaning up (pg_session_cleanup.cc).
  void Stop(uint64_t id, StopReason reason);
  void SendCancel();
  bool IsCancelWanted();
  void OnCancelEnd(CancelEnd end);
  void NoteIdle();
  asio::awaitable<void> AwaitCancelEnd();
  asio::awaitable<absl::Status> DoCleanUp(CleanUpPlan plan);
  asio::awaitable<absl::Status> RunInternal(std::string sql);
  // `row` becomes the last row, in text form. It must outlive the call.
  asio::awaitable<absl::Status> AskInternal(std::string sql,
                                            std::vector<std::string>* row);
  asio::awaitable<void> DrainCurrent();
  asio::awaitable<void> DrainFlight();
  bool IsUnderWay(uint64_t id) const;
  void PressStop();
  void CancelLeg();

  // Making as new (pg_session_reset.cc).
  asio::awaitable<absl::Status> Reset();
  void ForgetAllPrepared();

  // Waits for input and reads it. False: interrupted or broken.
  asio::awaitable<bool> ReadInput();
  ErrorContext Context() const;
  // For a lost session: in a flight, what its other legs leave in doubt counts, too.
  ErrorContext LostContext() const;
  absl::Status Broken(bool statement_sent);
  void NoteTransactionStatus();
  static void OnNotice(void* self, const PGresult* notice);

  const PgSessionDeps deps_;
  std::unique_ptr<PgConnection> connection_;
  StatementCache statements_;
  SessionFacts facts_;
  std::optional<Current> current_;
  std::optional<PgFlight> flight_;  // Of more than one leg.
  bool has_unsent_output_ = false;  // libpq holds some of the flight back.
  bool is_woken_ = false;           // The wait for the flight's input was ended by us.
  size_t unflushed_bytes_ = 0;      // Given to libpq since it last sent.
  absl::Status lead_error_;         // Of a leg of the gateway, for the one behind it.
  std::optional<Current> answer_;   // Of the caller's leg, while legs trail behind it.
  WritePositionSink position_;      // Of a leg that trails.
  // Prepared statements that have lost their place, to be deallocated on the server.
  std::vector<std::string> evicted_;
  std::vector<Statement> deallocations_;
  ServerTimeout timeout_;
  Statement set_timeout_;          // Of the flight under way.
  Statement settings_;             // Of it, too: the caller may go before it has landed.
  Statement label_;                // The same.
  absl::Duration next_timeout_;    // What it sets.
  bool is_lost_ = false;           // Nothing more comes from it.
  bool has_ended_itself_ = false;  // Its backend has said so, and gone no further.
  std::string lost_cause_;         // Why the session is broken.
  Timer grace_;                    // After a stop, until the caller is let go.
  Timer budget_;                   // For one clean-up.
  Timer cancel_end_;               // Wakes who waits for a cancel's end.
  bool is_cancelling_ = false;     // A cancel request is under way.
  bool is_followed_ = false;       // What was cancelled has not been seen to end yet.
  bool is_out_of_budget_ = false;
  bool is_cleaning_up_ = false;
  uint64_t last_turn_ = 0;   // Of the loop, when the last statement ended.
  std::vector<Cell> cells_;  // Reused from row to row.
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<TypeOid> types_;
};

}  // namespace pgsluice
