// The real CommitOracle: a control session with the primary, opened when there is
// something to ask. Confined to one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "pool/commit_resolver.h"
#include "pool/control/commit_probe.h"

namespace pgsluice {

class PgCommitOracle final : public CommitOracle {
 public:
  // `timeout` of a connect and of each question.
  PgCommitOracle(absl::Duration timeout, ConninfoReader read_conninfo)
      : timeout_(timeout), read_conninfo_(std::move(read_conninfo)) {}

  absl::StatusOr<ResolutionFacts> Ask(const Endpoint& primary,
                                      const CommitEvidence& evidence,
                                      IfInProgress if_in_progress) override;
  void Rest() override { probe_.reset(); }

 private:
  const absl::Duration timeout_;
  const ConninfoReader read_conninfo_;
  std::unique_ptr<CommitProbe> probe_;
  std::string endpoint_;  // Of the probe.
};

}  // namespace pgsluice
