#include "server/health_registry.h"

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
  {
    absl::MutexLock lock(&mutex_);
    const HealthFacts before = state_.facts;
    change(state_.facts);
    if (state_.facts == before) return;
    ++state_.version;
  }
  listeners_.Tell();
}

HealthRegistry::State HealthRegistry::state() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

}  // namespace pgsluice
