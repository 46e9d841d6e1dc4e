#include "server/health_registry.h"

#include <utility>
#include <vector>

namespace pgsluice {
namespace {

bool HasRequiredPools(const HealthFacts& facts) {
  switch (facts.readiness_requires) {
    case ReadinessRequires::kPrimary: return facts.primary_usable;
    case ReadinessRequires::kAny: return facts.primary_usable || facts.replica_usable;
    case ReadinessRequires::kAll: return facts.primary_usable && facts.replica_usable;
  }
  return false;
}

}  // namespace

bool IsReady(const HealthFacts& facts) {
  return facts.started && !facts.draining && HasRequiredPools(facts);
}

std::optional<bool> IsServing(std::string_view name, const HealthFacts& facts) {
  if (name == "liveness") return true;
  if (name == "startup") return facts.started;
  if (name.empty()) return !facts.draining;
  if (name == "readiness" || name == "pgsluice.v1.GatewayService") return IsReady(facts);
  if (name == "pool.primary") return facts.primary_usable && !facts.draining;
  if (name == "pool.replica") return facts.replica_usable && !facts.draining;
  return std::nullopt;
}

void HealthRegistry::Update(const std::function<void(HealthFacts&)>& change) {
  std::vector<std::shared_ptr<const Listener>> to_call;
  {
    absl::MutexLock lock(&mutex_);
    const HealthFacts before = state_.facts;
    change(state_.facts);
    if (state_.facts == before) return;
    ++state_.version;
    to_call.reserve(listeners_.size());
    for (const auto& [id, listener] : listeners_) to_call.push_back(listener);
  }
  for (const auto& listener : to_call) (*listener)();
}

HealthRegistry::State HealthRegistry::state() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

HealthRegistry::ListenerId HealthRegistry::AddListener(Listener listener) {
  absl::MutexLock lock(&mutex_);
  const ListenerId id = next_id_++;
  listeners_.emplace(id, std::make_shared<const Listener>(std::move(listener)));
  return id;
}

void HealthRegistry::RemoveListener(ListenerId id) {
  std::shared_ptr<const Listener> removed;  // Its captures die without the lock.
  absl::MutexLock lock(&mutex_);
  const auto at = listeners_.find(id);
  if (at == listeners_.end()) return;
  removed = std::move(at->second);
  listeners_.erase(at);
}

}  // namespace pgsluice
