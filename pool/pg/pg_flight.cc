#include "pool/pg/pg_flight.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

namespace {

// From no doubt to most.
int DoubtOf(Phase phase) {
  switch (phase) {
    case Phase::kConnect: return 0;
    case Phase::kRead: return 1;
    case Phase::kUncommitted: return 2;
    case Phase::kTransaction: return 3;
    case Phase::kAutocommit: return 4;
    case Phase::kCommit: return 5;
  }
  return 5;
}

}  // namespace

PgFlight::PgFlight(FlightKind kind, std::vector<PgLeg> legs)
    : kind_(kind), legs_(std::move(legs)) {
  legs_.back().is_synced = true;
}

bool PgFlight::Has(uint64_t id) const {
  return std::any_of(legs_.begin(), legs_.end(), [id](const PgLeg& leg) {
    return leg.owner == LegOwner::kCaller && leg.execution.id == id;
  });
}

Phase PgFlight::DoubtPhase() const {
  Phase gravest = Phase::kConnect;
  for (size_t i = front_; i < unsent_; ++i) {
    const Phase phase = legs_[i].execution.phase;
    if (DoubtOf(phase) > DoubtOf(gravest)) gravest = phase;
  }
  return gravest;
}

bool PgFlight::MayUse(std::string_view prepared_name) const {
  // Where errors are isolated, a leg must not fail for the Parse of another.
  if (kind_ == FlightKind::kAtomic) return true;
  return std::none_of(legs_.begin() + static_cast<ptrdiff_t>(front_),
                      legs_.begin() + static_cast<ptrdiff_t>(unsent_),
                      [prepared_name](const PgLeg& leg) {
                        return leg.is_prepared_here && leg.prepared_name == prepared_name;
                      });
}

PgLeg* PgFlight::NextUnsent() {
  return !is_cut_ && unsent_ < legs_.size() ? &legs_[unsent_] : nullptr;
}

void PgFlight::NoteSent() {
  ++unsent_;
  if (front_ + 1 == unsent_) EnterFront();
}

bool PgFlight::StopSending() {
  if (unsent_ == legs_.size()) return false;
  is_cut_ = true;
  if (unsent_ == 0) return false;
  return !std::exchange(legs_[unsent_ - 1].is_synced, true);
}

bool PgFlight::NextPart() {
  switch (part_) {
    case LegPart::kPrepare: part_ = LegPart::kExecute; return true;
    case LegPart::kExecute: part_ = LegPart::kSync; return front().is_synced;
    case LegPart::kSync: break;
  }
  return false;
}

void PgFlight::Advance() {
  // Errors do not reach beyond a Sync; but for one, the rest was not even sent.
  const bool was_cut_for_it = is_cut_ && kind_ == FlightKind::kAtomic;
  if (front().is_synced && !was_cut_for_it) has_error_ = false;
  ++front_;
  if (IsFrontSent()) EnterFront();
}

void PgFlight::ForgetStatements(const Statement& none) {
  for (size_t i = front_; i < legs_.size(); ++i) {
    if (legs_[i].owner == LegOwner::kCaller) legs_[i].execution.statement = &none;
  }
}

void PgFlight::EnterFront() {
  part_ = front().is_prepared_here ? LegPart::kPrepare : LegPart::kExecute;
}

}  // namespace pgsluice
