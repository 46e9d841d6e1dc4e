// How fresh a read must be, and whether an endpoint is. Rules file.
#pragma once

#include <optional>

#include "absl/time/time.h"

#include "pool/topology.h"
#include "pool/wal_position.h"
#include "pool/write_token.h"

namespace pgsluice {

struct Freshness {
  enum class Kind {
    kAny,           // Any replica.
    kStrong,        // Sees every acknowledged commit: the primary.
    kAtLeast,       // Sees the write that a token came with.
    kMaxStaleness,  // Sees every commit acknowledged longer ago than that.
  };
  Kind kind = Kind::kAny;
  WriteToken token = {};
  absl::Duration max_staleness = absl::ZeroDuration();

  // A replica meets it, or not.
  bool is_conditional() const {
    return kind == Kind::kAtLeast || kind == Kind::kMaxStaleness;
  }
};

// What becomes of a read that no replica is fresh enough for.
enum class IfUnmet {
  kDefault,  // kWait for a while, then kPrimary.
  kWait,
  kPrimary,
  kFail,
};

// What `asked` comes to now. The primary is gone to only where reads may.
IfUnmet ResolveIfUnmet(IfUnmet asked, bool has_waited, bool may_fall_back);

// How a token stands to the history of the cluster.
enum class TokenStanding {
  kOurs,        // Its write is part of it.
  kAhead,       // It is from a later timeline than this gateway knows of.
  kUnverified,  // It is from an earlier one, and where that ended cannot be told.
  kLost,        // The cluster went on from before it.
  kForeign,     // It is of another cluster.
};

TokenStanding JudgeToken(const WriteToken& token, const Topology& topology);

// How far a replica said it had replayed, and on which timeline it was known to be then.
struct WalReading {
  WalPosition position;
  absl::Time asked_at;  // Not later than the answer.
};

// Of its latest probe that was answered.
std::optional<WalReading> ReadingOf(const EndpointView& view);

// Whether who has come to `reading` has replayed `wanted`, which is part of the cluster's
// history. Only what is certain counts: the timeline of a replica may be known late.
bool HasReplayed(const WalPosition& reading, const WalPosition& wanted,
                 const Lineage& lineage);

// What a replica must have replayed to meet it; absent when that cannot be told now.
std::optional<WalPosition> WantedPosition(const Freshness& freshness,
                                          const Topology& topology, absl::Time now);

// What was committed longer ago than this, who has come to `reading` has replayed; absent
// when that cannot be told.
std::optional<absl::Duration> StalenessOf(const WalPosition& reading,
                                          const Topology& topology, absl::Time now);

}  // namespace pgsluice
