// The legs of a flight between sending and their ends: which is to be sent next, which is
// read, what comes next of it. Bookkeeping only; libpq is driven by PgSession.
//
//   0 .. front .. unsent .. end     ended | sent, front is being read | not sent yet
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session.h"

namespace pgsluice {

// What of a leg's answer is read next.
enum class LegPart {
  kPrepare,  // Its Parse, sent with it.
  kExecute,  // Its result.
  kSync,     // The end of its segment: errors of an implicit commit come here.
};

enum class LegOwner {
  kCaller,
  kLead,   // The gateway; belongs to the leg behind it. Nobody fetches it.
  kTrail,  // The gateway; belongs to the leg before it.
};

struct PgLeg {
  Execution execution;
  LegOwner owner = LegOwner::kCaller;
  // Followed by a Sync. Errors before it skip what is behind, up to it.
  bool is_synced = false;
  bool may_be_prepared = true;
  std::string prepared_name = {};  // Empty: unprepared.
  bool is_prepared_here = false;
  bool sets_timeout = false;   // The gateway's SET statement_timeout.
  bool asks_position = false;  // The gateway's WritePositionStatement.
  bool commits = false;        // The gateway's COMMIT of the write before it.
  // Of that write: it has the phase kUncommitted until it has ended.
  bool is_committed_behind = false;
};

class PgFlight final {
 public:
  // `legs` must not be empty; the last one is synced, whatever it says.
  PgFlight(FlightKind kind, std::vector<PgLeg> legs);

  FlightKind kind() const { return kind_; }
  bool IsOver() const { return front_ == legs_.size(); }
  const PgLeg& front() const { return legs_[front_]; }
  LegPart part() const { return part_; }
  bool IsFrontSent() const { return front_ < unsent_; }
  // Whether `id` names one of its legs.
  bool Has(uint64_t id) const;
  // Of all legs from the front on that have been sent, the phase that leaves most doubt
  // when the session is lost.
  Phase DoubtPhase() const;
  // Whether another leg may use a statement whose Parse is part of this flight.
  bool MayUse(std::string_view prepared_name) const;

  // The next leg to be sent; null when all are.
  PgLeg* NextUnsent();
  void NoteSent();
  // No more is sent. True: a Sync has to be, to end the last segment.
  bool StopSending();
  // Whether sending ended before its last leg.
  bool is_cut() const { return is_cut_; }
  // Whether nothing more is to be sent or read.
  bool IsAnswered() const {
    return front_ >= unsent_ && (is_cut_ || unsent_ == legs_.size());
  }

  // The part under way has ended. False: that was the front leg's last one.
  bool NextPart();
  // The front leg has ended.
  void Advance();
  // The caller is gone, and its statements with it: `none` stands in for them.
  void ForgetStatements(const Statement& none);

  // An error of the front leg skips those behind it up to the next Sync.
  void NoteError() { has_error_ = true; }
  bool has_error() const { return has_error_; }
  // Whether that is so for legs that were not sent yet.
  bool SkipsUnsent() const {
    return !front().is_synced && !is_cut_ && unsent_ < legs_.size();
  }

 private:
  void EnterFront();

  const FlightKind kind_;
  std::vector<PgLeg> legs_;
  size_t front_ = 0;
  size_t unsent_ = 0;
  LegPart part_ = LegPart::kExecute;
  bool is_cut_ = false;
  bool has_error_ = false;
};

}  // namespace pgsluice
