// Carries out a batch: takes sessions, sends flights, reads results. Confined to the
// call's shard.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/v1/batch.pb.h"
#include "pool/cluster.h"
#include "server/batch_program.h"
#include "server/batch_rows.h"
#include "server/call_environment.h"
#include "server/call_options.h"
#include "server/keyed_write.h"
#include "server/rpc.h"

namespace pgsluice {

class BatchRun final {
 public:
  // All must outlive it. `begin`: what opens an atomic batch. `key`: null without one.
  BatchRun(CallBase& call, const CallEnvironment& environment,
           const v1::BatchRequest& request, const CallOptions& options,
           BatchProgram& program, Statement begin, v1::BatchResponse& response,
           KeyedWrite* key);

  // OK also for an independent batch whose steps have failed.
  asio::awaitable<absl::Status> Run();

  void FillReport(v1::BatchResponse& response) const;

 private:
  asio::awaitable<absl::Status> RunAtomic();
  asio::awaitable<absl::Status> AttemptAtomic();
  asio::awaitable<absl::Status> RunIndependent();

  // Steps `first` to `last` (exclusive), with what else belongs into the flight.
  struct Flight {
    size_t first = 0;
    size_t last = 0;
    bool has_begin = false;
    bool has_commit = false;
  };
  std::vector<Flight> Flights() const;
  asio::awaitable<absl::Status> FlyAtomic(Flight flight);
  asio::awaitable<void> FlyIndependent(Flight flight);
  asio::awaitable<absl::Status> Commit();
  asio::awaitable<absl::Status> Replay();
  bool NotesEvidence() const;
  bool WantsTokens() const;
  void TakePosition(const std::optional<WalPosition>& position);
  // An error of a step, which the caller may not know of as such.
  absl::Status At(size_t step, const absl::Status& error) const {
    return program_.is_query ? error : AtStep(step, error);
  }

  // A session for the flight that is next; one found dead is replaced before anything is
  // sent.
  asio::awaitable<absl::Status> TakeLease(LeaseKind kind);
  // Results of the last run are forgotten.
  void BeginAnew();
  absl::Status FillCells(size_t step);
  absl::Status TakeResult(size_t step, const absl::StatusOr<CommandResult>& result);
  // Of an atomic one, whenever an attempt has ended.
  void CountTransaction(const absl::Status& status) const;
  void Report(size_t first, size_t last,
              const std::vector<absl::StatusOr<CommandResult>>& results);
  // Of a flight with these steps, and maybe more, that has just landed.
  void TraceFlight(size_t first, size_t last, absl::Time begun,
                   const std::vector<absl::StatusOr<CommandResult>>& results) const;

  CallBase& call_;
  const CallEnvironment& environment_;
  const v1::BatchRequest& request_;
  const CallOptions& options_;
  BatchProgram& program_;
  const Statement begin_;
  v1::BatchResponse& response_;
  KeyedWrite* const key_;
  bool is_repeat_ = false;  // The key is there already.
  BatchBudget budget_;
  std::vector<std::unique_ptr<BatchStepRows>> rows_;  // One a step.
  std::vector<bool> has_failed_;                      // Independent steps.
  RoutedLease routed_;
  std::optional<absl::Time> has_session_since_;  // In this attempt.
  std::string endpoint_;
  Role role_ = Role::kUnknown;
  absl::Duration queued_;
  absl::Duration freshness_wait_;
  absl::Duration executed_;
};

}  // namespace pgsluice
