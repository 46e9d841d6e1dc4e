#include "server/caller.h"

#include <functional>

namespace pgsluice {

uint64_t CallerOf(config::v1::FairBy fair_by, std::string_view tag,
                  std::string_view peer) {
  constexpr std::hash<std::string_view> kHash;
  switch (fair_by) {
    case config::v1::FAIR_BY_TAG: return kHash(tag);
    case config::v1::FAIR_BY_PEER: {
      const size_t port = peer.rfind(':');
      // A socket path has no port.
      return kHash(peer.starts_with("ip") ? peer.substr(0, port) : peer);
    }
    default: return 0;
  }
}

}  // namespace pgsluice
