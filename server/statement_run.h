// One autocommitted statement from routing to its start, shared by Query and
// StreamQuery. Confined to the call's shard.
#pragma once

#include <algorithm>
#include <optional>

#include "pgsluice/v1/query.pb.h"
#include "pool/cluster.h"
#include "pool/timer.h"
#include "server/admitted_statement.h"
#include "server/call_environment.h"
#include "server/call_options.h"
#include "server/rpc.h"

namespace pgsluice {

// Ends the call when the statement's own time limit passes.
class StatementTimer final {
 public:
  StatementTimer(CallBase& call, absl::Duration timeout);

 private:
  Timer timer_;
};

class StatementRun final {
 public:
  // `admitted` outlives it. A write in the phase kUncommitted, which its caller's
  // settings come with, is committed when its result has been read.
  StatementRun(CallBase& call, const CallEnvironment& environment,
               const AdmittedStatement& admitted, Phase phase)
      : call_(call),
        environment_(environment),
        statement_(admitted.statement),
        name_(admitted.name),
        options_(admitted.options),
        phase_(phase) {}

  // What a call that ends now is to say of its statement.
  Phase phase() const { return phase_; }

  // Takes a session, sends the statement, and fetches for the first time. A session that
  // turns out to be gone before anything was sent is replaced by another.
  asio::awaitable<absl::StatusOr<Fetched>> Start(RowSink& sink);
  asio::awaitable<absl::StatusOr<Fetched>> Fetch(RowSink& sink);
  // Of a failure before the caller got anything of the answer: whether to Start it again.
  // Once, for reads, and elsewhere if that is possible; and for a write that a primary
  // refuses, as one does that is none any more: it waits for the next one.
  bool ShallStartAgain(const absl::Status& failure);
  // Gives the session back. Nothing of the call holds it any more.
  void End();
  // The caller took that long to take a message.
  void AddStreamTime(absl::Time begun, absl::Time ended) {
    streamed_ += ended - begun;
    stream_begun_ = std::min(stream_begun_, begun);
    stream_ended_ = ended;
  }

  // Sends a notice of how it went to the statistics and the slow-query log, and of errors
  // that blame an endpoint to the prober.
  struct Returned {
    uint64_t rows = 0;
    uint64_t bytes = 0;
  };
  void Report(std::string_view method, Returned returned,
              const absl::Status& status) const;
  void FillRoute(v1::Route& route) const;
  void FillTiming(v1::Timing& timing) const;

 private:
  asio::awaitable<absl::StatusOr<Fetched>> StartOnce(RowSink& sink);
  bool WantsPosition() const {
    return phase_ != Phase::kRead && environment_.limits.write_tokens;
  }
  // `fetched`, or what became of its COMMIT if it is complete and needs one.
  asio::awaitable<absl::StatusOr<Fetched>> Committed(absl::StatusOr<Fetched> fetched);
  // Of an attempt that has had a session, when it has ended.
  void TraceAttempt(Returned returned, const absl::Status& status) const;

  CallBase& call_;
  const CallEnvironment& environment_;
  const Statement& statement_;
  const std::string_view name_;
  const CallOptions& options_;
  Phase phase_;  // Of a write that has been committed: kAutocommit.
  RoutedLease routed_;
  uint32_t attempts_ = 0;     // Those where a session was found dead do not count.
  std::string failed_at_;     // The endpoint of a first attempt that failed.
  bool was_refused_ = false;  // By a primary, for being none.
  std::string endpoint_;
  Role role_ = Role::kUnknown;
  absl::Time asked_ = absl::InfinitePast();  // For a session.
  absl::Time begun_ = absl::InfinitePast();  // To send.
  absl::Time ended_ = absl::InfinitePast();
  absl::Time first_rows_ = absl::InfinitePast();
  bool has_session_ = false;  // In this attempt.
  absl::Time stream_begun_ = absl::InfiniteFuture();
  absl::Time stream_ended_ = absl::InfinitePast();
  absl::Duration executed_;  // From begun_ to ended_, less what the caller took.
  absl::Duration streamed_;
};

// Sessions found dead in a row before a call gives up: after a restart of PostgreSQL
// every idle one is.
inline constexpr int kMaxStarts = 20;
// The session was gone before a byte was sent: another one will do.
bool NeverRan(const absl::Status& status);
// The primary refuses writes, so it is one no more; nothing of the statement is left.
bool WasRefusedByStandby(const absl::Status& status);
// Who the call queues behind for a session.
Caller CallerOf(CallBase& call, const CallEnvironment& environment, std::string_view tag);
// Counts where a call was sent to, or that there was nowhere.
void CountRoute(const CallEnvironment& environment, const RouteRequest& request,
                const absl::StatusOr<RoutedLease>& routed);
// Tells the prober about errors that blame an endpoint.
void NudgeIfBlamed(const CallEnvironment& environment, const absl::Status& status);
// The status of a call, with its trailers.
grpc::Status ToCallStatus(CallBase& call, const CallEnvironment& environment,
                          const absl::Status& status);

}  // namespace pgsluice
