// Commit evidence and outcomes, between the pool's types and the wire.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "pgsluice/v1/transaction_outcome.pb.h"
#include "pool/commit_outcome.h"

namespace pgsluice {

// INVALID_ARGUMENT, naming a part of `field`, when it cannot be one of ours.
absl::StatusOr<CommitEvidence> EvidenceFromProto(
    const v1::TransactionReference& reference, std::string_view field);
v1::TransactionReference ToProto(const CommitEvidence& evidence);
v1::TransactionOutcome OutcomeToProto(CommitOutcome outcome);

}  // namespace pgsluice
