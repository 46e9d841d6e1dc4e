// Which replicas get no calls for a while, because calls have failed there for their own
// fault: a refused connection at once, sessions that break when several do in a row; a
// slow statement never. The last usable one is never ejected, and only a probe brings one
// back. Rules file.
//
//   serving ──trouble, and a peer is left──▶ ejected ──a probe on a new session, once the
//      ▲                                        │       time is over──▶ serving
//      └────────no peer is left, or gone────────┘
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pool/options.h"

namespace pgsluice {

// What went wrong at an endpoint, by its own fault.
struct Trouble {
  enum class Kind {
    kConnectFailed,  // No session could be opened.
    kSessionLost,    // A session broke in use.
    kCount
  };
  Kind kind = Kind::kConnectFailed;
  size_t in_a_row = 1;  // Without a success in between.
};

std::string_view TroubleName(Trouble::Kind kind);

struct Ejection {
  Trouble::Kind why = Trouble::Kind::kConnectFailed;
  absl::Time since;
  absl::Time until;  // No probe brings it back before.
};

// A replica that probes reach and that may get reads; or not.
struct Peer {
  std::string name;
  bool is_usable = false;
};

class OutlierDetector final {
 public:
  explicit OutlierDetector(const EjectionOptions& options) : options_(options) {}
  void Reconfigure(const EjectionOptions& options) { options_ = options; }

  // The replicas as they are now. One that is not usable, for other reasons, is not
  // ejected any more.
  void Follow(std::vector<Peer> replicas);
  // True when the endpoint is ejected for it.
  bool OnTrouble(const std::string& name, const Trouble& trouble, absl::Time now);
  // A probe begun then was answered. True when the endpoint is back.
  bool OnAnswer(const std::string& name, bool is_new_session, absl::Time begun,
                absl::Time now);

  // Absent when it is not ejected.
  std::optional<Ejection> EjectionOf(const std::string& name) const;
  // Ejections since start, by what went wrong.
  using Counts = std::array<uint64_t, static_cast<size_t>(Trouble::Kind::kCount)>;
  const Counts& counts() const { return counts_; }

 private:
  struct Record {
    std::optional<Ejection> ejection;
    int times = 0;  // In a row, each soon after the one before.
    absl::Time back_since = absl::InfinitePast();
  };

  bool IsServing(const Peer& peer) const;
  bool HasServingPeer(const std::string& name) const;

  EjectionOptions options_;
  std::vector<Peer> replicas_;
  std::map<std::string, Record> records_;
  Counts counts_{};
};

}  // namespace pgsluice
