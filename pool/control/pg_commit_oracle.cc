#include "pool/control/pg_commit_oracle.h"

#include <utility>

namespace pgsluice {

absl::StatusOr<ResolutionFacts> PgCommitOracle::Ask(const Endpoint& primary,
                                                    const CommitEvidence& evidence,
                                                    IfInProgress if_in_progress) {
  if (probe_ == nullptr || endpoint_ != primary.name) {
    probe_.reset();
    const absl::StatusOr<std::string> conninfo = read_conninfo_(primary);
    if (!conninfo.ok()) return conninfo.status();
    absl::StatusOr<std::unique_ptr<CommitProbe>> opened =
        CommitProbe::Open(*conninfo, timeout_);
    if (!opened.ok()) return opened.status();
    probe_ = *std::move(opened);
    endpoint_ = primary.name;
  }
  absl::StatusOr<ResolutionFacts> facts = probe_->Ask(evidence, if_in_progress);
  if (!facts.ok()) probe_.reset();
  return facts;
}

}  // namespace pgsluice
