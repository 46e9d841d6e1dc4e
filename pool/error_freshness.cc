#include "pool/error_freshness.h"

#include "absl/strings/str_format.h"

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

constexpr std::string_view kField = "options.freshness.at_least";
constexpr std::string_view kDropIt =
    "; drop the token, and read with freshness strong to see what is there";

std::string LsnText(uint64_t lsn) {
  return absl::StrFormat("%X/%X", lsn >> 32, lsn & 0xffffffff);
}

absl::Status Refused(std::string_view reason, std::string_view why) {
  return MakeError(Code::kFailedPrecondition, StrCat(kField, ": ", why),
                   {.reason = std::string(reason), .field = std::string(kField)});
}

std::string WhereLost(const WriteToken& token, const Lineage& lineage) {
  const WalPosition& position = token.position;
  const TimelineEnd* const end = lineage.EndOf(position.timeline);
  if (end == nullptr) {
    return StrCat("timeline ", position.timeline, " is no ancestor of timeline ",
                  lineage.timeline, ", on which the primary is");
  }
  return StrCat("the cluster left timeline ", position.timeline, " at ",
                LsnText(end->at_most), ", before ", LsnText(position.lsn),
                ", where the token is from");
}

}  // namespace

absl::Status NotAToken() {
  return InvalidRequest(kField,
                        "is no token: send the bytes of a write's answer as they came "
                        "(in JSON they are base64)");
}

absl::Status TokenRefused(TokenStanding standing, const WriteToken& token,
                          const Topology& topology) {
  const WalPosition& position = token.position;
  switch (standing) {
    case TokenStanding::kOurs: break;
    case TokenStanding::kAhead:
      return MakeError(
          Code::kUnavailable,
          StrCat(kField, ": is from timeline ", position.timeline,
                 ", and this gateway knows of no primary beyond timeline ",
                 topology.lineage.timeline, ": it does not see the present one"),
          {.reason = "TOKEN_AHEAD",
           .retry_scope = RetryScope::kStatement,
           .retry_delay = kRetryLater});
    case TokenStanding::kUnverified:
      return Refused(
          "TOKEN_UNVERIFIED",
          StrCat("is from timeline ", position.timeline, " at ", LsnText(position.lsn),
                 "; whether a failover to timeline ", topology.lineage.timeline,
                 " has lost its write cannot be told: the gateway's role may not read "
                 "the primary's timeline history (GRANT EXECUTE ON FUNCTION "
                 "pg_read_binary_file(text, bigint, bigint, boolean)), or it is gone",
                 kDropIt));
    case TokenStanding::kLost:
      return Refused("TOKEN_LOST",
                     StrCat("its write is not in the history of the cluster any more: a "
                            "failover has lost it; ",
                            WhereLost(token, topology.lineage), kDropIt));
    case TokenStanding::kForeign:
      return Refused(
          "TOKEN_OF_ANOTHER_CLUSTER",
          StrCat("is of another PostgreSQL cluster (system identifier ",
                 token.system_identifier, ", not ", topology.system_identifier, ")"));
  }
  return Internal("a good token was refused");
}

std::string HowFar(const Topology& topology, const std::optional<WalPosition>& wanted) {
  if (!wanted.has_value()) return "the primary has not been probed that recently";
  const EndpointView* furthest = nullptr;
  for (const EndpointView& view : topology.endpoints) {
    if (view.role != Role::kReplica || !view.last_ok.has_value()) continue;
    const bool is_further =
        furthest == nullptr || view.last_ok->lsn_value > furthest->last_ok->lsn_value;
    if (is_further) furthest = &view;
  }
  if (furthest == nullptr) return "there is none";
  const uint64_t lsn = furthest->last_ok->lsn_value;
  const std::string place = StrCat(furthest->name, " was last seen at ", LsnText(lsn));
  if (lsn >= wanted->lsn) return StrCat(place, ", its timeline not being known for sure");
  return StrCat(place, ", ", wanted->lsn - lsn, " bytes behind");
}

absl::Status NotFreshEnough(bool is_primary_barred) {
  return MakeError(
      Code::kFailedPrecondition,
      StrCat("no replica is fresh enough for the read's freshness",
             is_primary_barred ? ", and reads may not go to the primary "
                                 "(routing.read_fallback); use if_unmet WAIT"
                               : "; try again later, or use if_unmet WAIT or PRIMARY"),
      // Who wants to be told at once does not want it tried again behind the back.
      {.reason = "NOT_FRESH_ENOUGH"});
}

absl::Status NotFreshInTime(absl::Duration waited, std::string_view how_far) {
  return MakeError(
      Code::kDeadlineExceeded,
      StrCat("no replica was fresh enough within ",
             absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1))), " (",
             how_far,
             "), and the deadline is near; use a later one, or if_unmet PRIMARY"),
      {.reason = "NOT_FRESH_IN_TIME",
       .retry_scope = RetryScope::kStatement,
       .retry_delay = kRetrySoon});
}

}  // namespace pgsluice
