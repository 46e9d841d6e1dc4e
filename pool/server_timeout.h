// How long PostgreSQL itself lets a session's statements run (statement_timeout): what
// holds now, and what has to be set before the next statement so that it outlives its
// deadline by a second at most, even if no cancel reaches it. Rules file.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace pgsluice {

class ServerTimeout final {
 public:
  // `configured` is that of the start-up packet; zero: the server's own.
  explicit ServerTimeout(absl::Duration configured);

  // To be set for a statement that has `left` until its deadline; nothing when what holds
  // will do, as it mostly does: what is set is rounded, and stays until it fits no more.
  std::optional<absl::Duration> Next(absl::Duration left) const;

  // SET has ended well; or it may have, or not.
  void NoteSet(absl::Duration timeout) { session_ = timeout; }
  void NoteSetUnknown() { session_.reset(); }
  // The same of SET LOCAL; what a rolled-back savepoint leaves is unknown, too.
  void NoteSetLocal(absl::Duration timeout);
  void NoteLocalUnknown();
  // No transaction is open any more.
  void NoteTransactionEnd() { is_local_ = false; }
  // The caller sets it from here on, until the session is reset.
  void Yield() { has_yielded_ = true; }
  void NoteReset();

 private:
  const absl::Duration configured_;
  std::optional<absl::Duration> session_;  // Unset: unknown.
  bool is_local_ = false;                  // What holds is local_, of the transaction.
  std::optional<absl::Duration> local_;
  bool has_yielded_ = false;
};

}  // namespace pgsluice
