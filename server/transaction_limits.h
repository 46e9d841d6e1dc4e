// The time limits of a transaction, silence and whole life: when to warn of which, and
// when it strikes. Rules file.
#pragma once

#include "absl/time/time.h"

namespace pgsluice {

enum class TransactionEvent {
  kNone,
  kIdleSoon,   // Warn that the silence is about to be too long.
  kTotalSoon,  // Warn that its whole life is about to be over.
  kIdle,       // The silence has been too long.
};

class TransactionLimits final {
 public:
  // `warning` before a limit strikes, or at half of it; zero: none.
  TransactionLimits(absl::Duration idle, absl::Duration warning, absl::Time now);

  // The transaction has begun, and asks for limits of its own (zero: none), which can
  // only be tighter.
  void OnBegin(absl::Duration idle, absl::Duration total, absl::Time longest,
               absl::Time now);
  // A request has been answered: silence begins.
  void OnAnswered(absl::Time now);

  // What is due at `now`; each warning once.
  TransactionEvent Take(absl::Time now);
  // When to look again.
  absl::Time NextLook() const;

  absl::Duration idle() const { return idle_; }
  absl::Time idle_until() const { return idle_until_; }
  // What happens then is not decided here: the call is stopped, whatever it does.
  absl::Time total_until() const { return total_until_; }

 private:
  absl::Duration idle_;
  const absl::Duration warning_;
  absl::Time idle_until_;
  absl::Time total_until_ = absl::InfiniteFuture();
  absl::Time idle_warning_;
  absl::Time total_warning_ = absl::InfiniteFuture();
};

}  // namespace pgsluice
