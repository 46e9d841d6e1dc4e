#include "server/convert/commit_evidence.h"

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

absl::StatusOr<CommitEvidence> EvidenceFromProto(
    const v1::TransactionReference& reference, std::string_view field) {
  static constexpr std::string_view kMissing =
      "is missing; hand back what the gateway gave";
  const auto missing = [field](std::string_view part) {
    return InvalidRequest(StrCat(field, ".", part), kMissing);
  };
  if (reference.system_identifier().empty()) return missing("system_identifier");
  if (reference.timeline() == 0) return missing("timeline");
  if (reference.transaction_id() == 0) return missing("transaction_id");
  if (reference.lsn() == 0) return missing("lsn");
  if (reference.note().empty()) return missing("note");
  return CommitEvidence{.system_identifier = reference.system_identifier(),
                        .timeline = reference.timeline(),
                        .transaction_id = reference.transaction_id(),
                        .note = reference.note(),
                        .lsn = reference.lsn(),
                        .incarnation = reference.incarnation()};
}

v1::TransactionReference ToProto(const CommitEvidence& evidence) {
  v1::TransactionReference reference;
  reference.set_system_identifier(evidence.system_identifier);
  reference.set_timeline(evidence.timeline);
  reference.set_transaction_id(evidence.transaction_id);
  reference.set_lsn(evidence.lsn);
  reference.set_note(evidence.note);
  reference.set_incarnation(evidence.incarnation);
  return reference;
}

v1::TransactionOutcome OutcomeToProto(CommitOutcome outcome) {
  switch (outcome) {
    case CommitOutcome::kCommitted: return v1::TRANSACTION_OUTCOME_COMMITTED;
    case CommitOutcome::kAborted: return v1::TRANSACTION_OUTCOME_ABORTED;
    case CommitOutcome::kUnknown: return v1::TRANSACTION_OUTCOME_UNKNOWN;
  }
  return v1::TRANSACTION_OUTCOME_UNKNOWN;
}

}  // namespace pgsluice
