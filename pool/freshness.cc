#include "pool/freshness.h"

#include "absl/strings/numbers.h"

namespace pgsluice {

IfUnmet ResolveIfUnmet(IfUnmet asked, bool has_waited, bool may_fall_back) {
  switch (asked) {
    case IfUnmet::kWait:
    case IfUnmet::kPrimary:
    case IfUnmet::kFail: return asked;
    case IfUnmet::kDefault: break;
  }
  return has_waited && may_fall_back ? IfUnmet::kPrimary : IfUnmet::kWait;
}

namespace {

// Within one cluster.
TokenStanding StandingOf(const WalPosition& position, const Lineage& lineage) {
  // Without a primary, ever, replicas are all that is known.
  if (lineage.timeline == 0 || position.timeline == lineage.timeline) {
    return TokenStanding::kOurs;
  }
  if (position.timeline > lineage.timeline) return TokenStanding::kAhead;
  const TimelineEnd* const end = lineage.EndOf(position.timeline);
  if (end == nullptr) {
    return lineage.is_complete ? TokenStanding::kLost : TokenStanding::kUnverified;
  }
  if (position.lsn <= end->at_least) return TokenStanding::kOurs;
  return position.lsn > end->at_most ? TokenStanding::kLost : TokenStanding::kUnverified;
}

}  // namespace

TokenStanding JudgeToken(const WriteToken& token, const Topology& topology) {
  uint64_t system_identifier = 0;
  const bool is_known = absl::SimpleAtoi(topology.system_identifier, &system_identifier);
  if (is_known && system_identifier != token.system_identifier) {
    return TokenStanding::kForeign;
  }
  return StandingOf(token.position, topology.lineage);
}

std::optional<WalReading> ReadingOf(const EndpointView& view) {
  if (!view.last_ok.has_value()) return std::nullopt;
  const ProbeResult& probe = *view.last_ok;
  return WalReading{.position = {probe.timeline, probe.lsn_value},
                    .asked_at = probe.at - probe.latency};
}

bool HasReplayed(const WalPosition& reading, const WalPosition& wanted,
                 const Lineage& lineage) {
  if (reading.lsn < wanted.lsn || reading.timeline < wanted.timeline) return false;
  if (reading.timeline == wanted.timeline) return true;
  // On a later one, which has come through `wanted` if it is part of the history, too.
  return reading.timeline == lineage.timeline ||
         lineage.EndOf(reading.timeline) != nullptr;
}

std::optional<WalPosition> WantedPosition(const Freshness& freshness,
                                          const Topology& topology, absl::Time now) {
  switch (freshness.kind) {
    case Freshness::Kind::kAny:
    case Freshness::Kind::kStrong: break;
    case Freshness::Kind::kAtLeast: return freshness.token.position;
    case Freshness::Kind::kMaxStaleness: {
      // What a failover has lost, nobody will replay.
      for (const WalMark& mark : topology.marks.Since(now - freshness.max_staleness)) {
        const bool is_ours =
            StandingOf(mark.position, topology.lineage) == TokenStanding::kOurs;
        if (is_ours) return mark.position;
      }
      break;
    }
  }
  return std::nullopt;
}

std::optional<absl::Duration> StalenessOf(const WalPosition& reading,
                                          const Topology& topology, absl::Time now) {
  const std::vector<WalMark>& marks = topology.marks.all();
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
    if (HasReplayed(reading, mark->position, topology.lineage)) return now - mark->at;
  }
  return std::nullopt;
}

}  // namespace pgsluice
