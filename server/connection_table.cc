#include "server/connection_table.h"

namespace pgsluice {

std::string_view ConnectionVerdictName(ConnectionVerdict verdict) {
  switch (verdict) {
    case ConnectionVerdict::kAccept: return "accepted";
    case ConnectionVerdict::kTooMany: return "max_connections";
    case ConnectionVerdict::kTooManyOfPeer: return "max_connections_per_peer";
    case ConnectionVerdict::kTooFastOfPeer: return "max_connection_rate_per_peer";
    case ConnectionVerdict::kPausedPeer: return "pause_after_cut";
    case ConnectionVerdict::kNoDescriptor: return "no_descriptor";
  }
  return "accepted";
}

void ConnectionTable::set_limits(const ConnectionLimits& limits) {
  limits_ = limits;
  rates_.set_bound(limits.rate_per_peer);
}

ConnectionVerdict ConnectionTable::Judge(std::string_view peer, absl::Time now) {
  if (limits_.max_connections > 0 && size() >= limits_.max_connections) {
    return ConnectionVerdict::kTooMany;
  }
  if (peer.empty()) return ConnectionVerdict::kAccept;
  if (IsPaused(peer, now)) return ConnectionVerdict::kPausedPeer;
  if (limits_.max_per_peer > 0 && CountOf(peer) >= limits_.max_per_peer) {
    return ConnectionVerdict::kTooManyOfPeer;
  }
  return rates_.Admit(peer, now).has_value() ? ConnectionVerdict::kAccept
                                             : ConnectionVerdict::kTooFastOfPeer;
}

bool ConnectionTable::IsFull(std::string_view peer) const {
  if (limits_.max_connections > 0 && size() >= limits_.max_connections) return true;
  return !peer.empty() && limits_.max_per_peer > 0 &&
         CountOf(peer) >= limits_.max_per_peer;
}

void ConnectionTable::Add(int descriptor, uint64_t inode, std::string_view peer) {
  const auto counted = peers_.try_emplace(std::string(peer), 0).first;
  ++counted->second;
  const auto [entry, is_new] = connections_.try_emplace(descriptor);
  // Whoever had this descriptor before has closed it.
  if (!is_new) Forget(entry->second);
  entry->second = {.inode = inode, .peer = counted};
}

void ConnectionTable::Sweep(
    const std::function<bool(int descriptor, uint64_t inode)>& is_open) {
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    if (is_open(entry->first, entry->second.inode)) {
      ++entry;
      continue;
    }
    Forget(entry->second);
    entry = connections_.erase(entry);
  }
}

void ConnectionTable::Pause(std::string_view peer, absl::Time now) {
  if (peer.empty() || limits_.pause_after_cut <= absl::ZeroDuration()) return;
  std::erase_if(cut_, [&](const auto& entry) { return !IsPaused(entry.first, now); });
  if (cut_.size() < kMaxPeers) cut_.insert_or_assign(std::string(peer), now);
}

bool ConnectionTable::IsPaused(std::string_view peer, absl::Time now) const {
  const auto found = cut_.find(peer);
  return found != cut_.end() && now < found->second + limits_.pause_after_cut;
}

std::vector<ConnectionId> ConnectionTable::All() const {
  std::vector<ConnectionId> all;
  all.reserve(connections_.size());
  for (const auto& [descriptor, connection] : connections_) {
    all.push_back({descriptor, connection.inode});
  }
  return all;
}

size_t ConnectionTable::CountOf(std::string_view peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second;
}

void ConnectionTable::Forget(const Connection& connection) {
  if (--connection.peer->second == 0) peers_.erase(connection.peer);
}

}  // namespace pgsluice
