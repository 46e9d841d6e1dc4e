#include "server/caller.h"

namespace pgsluice {

namespace {

// "192.0.2.1", "2001:db8::1", or "unix:" and its path, which has no port.
std::string_view AddressOf(std::string_view peer) {
  if (!peer.starts_with("ip")) return peer;
  std::string_view address = peer.substr(peer.find(':') + 1);
  address = address.substr(0, address.rfind(':'));
  // Brackets, as they are or written as gRPC writes them.
  for (const std::string_view open : {"[", "%5B"}) {
    if (address.starts_with(open)) address.remove_prefix(open.size());
  }
  for (const std::string_view close : {"]", "%5D"}) {
    if (address.ends_with(close)) address.remove_suffix(close.size());
  }
  return address;
}

}  // namespace

Fairness FairnessOf(const config::v1::Pools& pools) {
  Fairness fairness{.by = pools.fair_by()};
  for (const config::v1::FairWeight& weight : pools.fair_weights()) {
    fairness.weights.emplace(weight.caller(), weight.weight());  // The first holds.
  }
  return fairness;
}

Caller CallerOf(const Fairness& fairness, const CallMarks& marks) {
  std::string_view name;
  switch (fairness.by) {
    case config::v1::FAIR_BY_TAG: name = marks.tag; break;
    case config::v1::FAIR_BY_PEER: name = AddressOf(marks.peer); break;
    case config::v1::FAIR_BY_CALLER: name = marks.name; break;
    default: return {};
  }
  constexpr std::hash<std::string_view> kHash;
  const auto weight = fairness.weights.find(name);
  return {kHash(name), weight == fairness.weights.end() ? 1 : weight->second};
}

}  // namespace pgsluice
