// One alert's memory: it fires once its condition has held for a while, and clears once
// the condition has been well over for as long. Rules file.
//
//   quiet ──bad──▶ pending ──bad for hold──▶ firing ──good──▶ clearing ──good for hold──▶
//   quiet
//     ◀── good, between ──┘                     ◀── bad, between ──┘
//
// What is not known changes nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

#include "pool/alert.h"

namespace pgsluice {

// Where a value is, seen from a threshold. Between the two bounds an alert stays as it
// is: that keeps one that hovers around its threshold from firing again and again.
enum class AlertLevel {
  kUnknown,
  kGood,     // Well within.
  kBetween,  // Within, but not by much.
  kBad,      // Beyond.
};

class AlertLatch final {
 public:
  // Present when the alert fires or clears.
  std::optional<AlertChange> On(AlertLevel level, absl::Duration hold, absl::Time now);

  AlertState state() const { return state_; }
  bool is_firing() const {
    return state_ == AlertState::kFiring || state_ == AlertState::kClearing;
  }
  // See Alert::since.
  std::optional<absl::Time> since() const;
  uint64_t times_fired() const { return times_fired_; }

 private:
  std::optional<AlertChange> OnBad(absl::Duration hold, absl::Time now);
  std::optional<AlertChange> OnGood(absl::Duration hold, absl::Time now);

  AlertState state_ = AlertState::kQuiet;
  absl::Time step_began_;              // Of pending or clearing.
  std::optional<absl::Time> changed_;  // When it fired or cleared last.
  uint64_t times_fired_ = 0;
};

}  // namespace pgsluice
