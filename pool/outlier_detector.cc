#include "pool/outlier_detector.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

namespace {

// Each ejection soon after the last one takes twice as long, up to this many times as
// long as the first.
constexpr int kMaxDoublings = 4;
// One that has served for so long since starts anew.
constexpr absl::Duration kForgetAfter = absl::Minutes(1);

}  // namespace

std::string_view TroubleName(Trouble::Kind kind) {
  switch (kind) {
    case Trouble::Kind::kConnectFailed: return "connect_failed";
    case Trouble::Kind::kSessionLost: return "sessions_lost";
    case Trouble::Kind::kCount: break;
  }
  return "unknown";
}

bool OutlierDetector::IsServing(const Peer& peer) const {
  return peer.is_usable && !EjectionOf(peer.name).has_value();
}

bool OutlierDetector::HasServingPeer(const std::string& name) const {
  return std::any_of(replicas_.begin(), replicas_.end(), [&](const Peer& peer) {
    return peer.name != name && IsServing(peer);
  });
}

void OutlierDetector::Follow(std::vector<Peer> replicas) {
  replicas_ = std::move(replicas);
  std::erase_if(records_, [this](const auto& record) {
    return std::none_of(replicas_.begin(), replicas_.end(), [&](const Peer& peer) {
      return peer.name == record.first && peer.is_usable;
    });
  });
  const bool has_one = std::any_of(replicas_.begin(), replicas_.end(),
                                   [this](const Peer& peer) { return IsServing(peer); });
  if (has_one) return;
  for (auto& [name, record] : records_) record.ejection.reset();
}

bool OutlierDetector::OnTrouble(const std::string& name, const Trouble& trouble,
                                absl::Time now) {
  if (options_.time <= absl::ZeroDuration()) return false;
  if (trouble.kind == Trouble::Kind::kSessionLost &&
      (options_.failures == 0 || trouble.in_a_row < options_.failures)) {
    return false;
  }
  const auto found =
      std::find_if(replicas_.begin(), replicas_.end(),
                   [&name](const Peer& peer) { return peer.name == name; });
  if (found == replicas_.end() || !IsServing(*found) || !HasServingPeer(name)) {
    return false;
  }
  Record& record = records_[name];
  if (now - record.back_since >= kForgetAfter) record.times = 0;
  const int doublings = std::min(record.times++, kMaxDoublings);
  record.ejection = Ejection{
      .why = trouble.kind, .since = now, .until = now + options_.time * (1 << doublings)};
  ++counts_[static_cast<size_t>(trouble.kind)];
  return true;
}

bool OutlierDetector::OnAnswer(const std::string& name, bool is_new_session,
                               absl::Time begun, absl::Time now) {
  const auto found = records_.find(name);
  if (found == records_.end() || !found->second.ejection.has_value()) return false;
  const Ejection& ejection = *found->second.ejection;
  // A session opened before says nothing about whether one can be opened.
  if (!is_new_session || begun <= ejection.since || now < ejection.until) return false;
  found->second.ejection.reset();
  found->second.back_since = now;
  return true;
}

std::optional<Ejection> OutlierDetector::EjectionOf(const std::string& name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? std::nullopt : found->second.ejection;
}

}  // namespace pgsluice
