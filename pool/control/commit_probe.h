// Asks a server what became of a transaction, over a control session of its own. Blocks.
// Confined to one thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pool/commit_outcome.h"

namespace pgsluice {

class CommitProbe final {
 public:
  // Connects. An error says why it could not.
  static absl::StatusOr<std::unique_ptr<CommitProbe>> Open(const std::string& conninfo,
                                                           absl::Duration timeout);
  ~CommitProbe();
  CommitProbe(const CommitProbe&) = delete;
  CommitProbe& operator=(const CommitProbe&) = delete;

  // An error when the server is no primary, or did not answer: it must not be asked again
  // over this session.
  absl::StatusOr<ResolutionFacts> Ask(const CommitEvidence& evidence,
                                      IfInProgress if_in_progress);

 private:
  struct Connection;
  explicit CommitProbe(std::unique_ptr<Connection> connection);

  const std::unique_ptr<Connection> connection_;
};

}  // namespace pgsluice
