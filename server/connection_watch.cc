#include "server/connection_watch.h"

#include <algorithm>
#include <utility>

#include "server/socket_facts.h"

namespace pgsluice {

namespace {

// In one look: a question to the system for each, a few microseconds.
constexpr size_t kMostLookedAt = 256;
// Of these, for how many gRPC is asked, some 30 us for each.
constexpr int kMostJudged = 32;
// Who has sent less since the last time cannot have done much harm.
constexpr uint64_t kWorthJudging = 16 << 10;

}  // namespace

void ConnectionWatch::Add(int descriptor, uint64_t inode, std::string peer,
                          absl::Time now) {
  connections_.insert_or_assign(descriptor,
                                Connection{inode, std::move(peer), WasteMeter(now), 0});
}

std::vector<ConnectionWatch::Waste> ConnectionWatch::Look(const WasteLimits& limits,
                                                          absl::Time now) {
  const bool is_on = limits != WasteLimits{};
  std::vector<Waste> waste;
  int judged = 0;
  auto entry = connections_.lower_bound(next_);
  for (size_t left = std::min(connections_.size(), kMostLookedAt);
       left > 0 && judged < kMostJudged; --left) {
    if (entry == connections_.end()) entry = connections_.begin();
    const int descriptor = entry->first;
    Connection& connection = entry->second;
    if (InodeOf(descriptor) != connection.inode) {
      entry = connections_.erase(entry);
      continue;
    }
    const std::optional<ConnectionFacts> facts =
        is_on ? FactsOf(descriptor, connection, now) : std::nullopt;
    std::optional<CutReason> reason;
    if (facts.has_value()) {
      ++judged;
      reason = connection.meter.Judge(*facts, limits, max_request_bytes_, now);
    }
    if (reason.has_value()) {
      waste.push_back({descriptor, connection.inode, *reason, *facts});
      entry = connections_.erase(entry);
    } else {
      ++entry;
    }
  }
  next_ = entry == connections_.end() ? 0 : entry->first;
  return waste;
}

std::optional<ConnectionFacts> ConnectionWatch::FactsOf(int descriptor,
                                                        Connection& connection,
                                                        absl::Time now) {
  const Traffic traffic = TrafficOf(descriptor);
  if (traffic.received < connection.received + kWorthJudging) return std::nullopt;
  const std::optional<CallCounts> calls = counts_of_(connection.peer, now);
  if (!calls.has_value()) return std::nullopt;
  connection.received = traffic.received;
  // What gRPC has not read yet has done nothing, good or bad.
  const uint64_t unread = std::min(BytesUnread(descriptor), traffic.received);
  return ConnectionFacts{.read_bytes = traffic.received - unread,
                         .sent_bytes = traffic.acknowledged,
                         .calls = *calls};
}

}  // namespace pgsluice
