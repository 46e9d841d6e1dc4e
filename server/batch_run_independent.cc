// A batch whose steps stand each for itself: every flight takes a session of its own.
#include <utility>

#include "pool/write_position.h"
#include "server/batch_run.h"
#include "server/statement_run.h"

namespace pgsluice {

asio::awaitable<absl::Status> BatchRun::RunIndependent() {
  BeginAnew();
  response_.set_attempts(1);
  for (const Flight& flight : Flights()) {
    absl::Status status = co_await TakeLease(LeaseKind::kStatement);
    if (!status.ok()) {
      NudgeIfBlamed(environment_, status);
      // Nothing has run yet: the call as a whole has failed.
      if (flight.first == 0) co_return status;
      for (size_t i = flight.first; i < flight.last; ++i) (void)TakeResult(i, status);
      continue;
    }
    co_await FlyIndependent(flight);
    routed_.lease.Return();
  }
  co_return absl::OkStatus();
}

asio::awaitable<void> BatchRun::FlyIndependent(Flight flight) {
  std::vector<size_t> steps;  // That can be sent.
  for (size_t i = flight.first; i < flight.last; ++i) {
    if (absl::Status status = FillCells(i); !status.ok()) {
      (void)TakeResult(i, status);
    } else {
      steps.push_back(i);
    }
  }
  for (int start = 0; start < kMaxStarts && !steps.empty(); ++start) {
    std::vector<Execution> legs;
    std::vector<RowSink*> sinks;
    const bool is_read = options_.phase() == Phase::kRead;
    for (const size_t i : steps) {
      legs.push_back({.statement = &program_.steps[i].statement,
                      .phase = options_.phase(),
                      .settings = is_read ? call_.preamble() : call_.write_preamble(),
                      .label = call_.label()});
      sinks.push_back(rows_[i].get());
    }
    WritePositionSink position;
    if (WantsTokens()) {
      legs.push_back({.statement = &WritePositionStatement(), .phase = Phase::kRead});
      sinks.push_back(&position);
    }
    const absl::Time begun = absl::Now();
    const std::vector<absl::StatusOr<CommandResult>> results =
        co_await routed_.lease.RunFlight(std::move(legs), std::move(sinks),
                                         FlightKind::kIndependent, call_.stop());
    executed_ += absl::Now() - begun;
    TraceFlight(steps.front(), steps.front() + steps.size(), begun, results);
    TakePosition(position.position());
    // Those that a lost session never was sent go to another one.
    std::vector<size_t> left;
    for (size_t n = 0; n < steps.size(); ++n) {
      NudgeIfBlamed(environment_, results[n].status());
      if (NeverRan(results[n].status()) && start + 1 < kMaxStarts) {
        left.push_back(steps[n]);
      } else {
        (void)TakeResult(steps[n], results[n]);
      }
    }
    Report(flight.first, flight.last, results);
    steps = std::move(left);
    if (steps.empty()) break;
    routed_.lease.Return();
    absl::Status status = co_await TakeLease(LeaseKind::kStatement);
    if (status.ok()) continue;
    for (const size_t i : steps) (void)TakeResult(i, status);
    break;
  }
}

}  // namespace pgsluice
