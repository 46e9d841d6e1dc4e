#include "pool/listeners.h"

#include <utility>
#include <vector>

namespace pgsluice {

Listeners::Id Listeners::Add(Listener listener) {
  absl::MutexLock lock(&mutex_);
  const Id id = next_id_++;
  listeners_.emplace(id, std::make_shared<const Listener>(std::move(listener)));
  return id;
}

void Listeners::Remove(Id id) {
  std::shared_ptr<const Listener> removed;  // Its captures die without the lock.
  absl::MutexLock lock(&mutex_);
  const auto at = listeners_.find(id);
  if (at == listeners_.end()) return;
  removed = std::move(at->second);
  listeners_.erase(at);
}

void Listeners::Tell() const {
  std::vector<std::shared_ptr<const Listener>> to_call;
  {
    absl::MutexLock lock(&mutex_);
    to_call.reserve(listeners_.size());
    for (const auto& [id, listener] : listeners_) to_call.push_back(listener);
  }
  for (const auto& listener : to_call) (*listener)();
}

}  // namespace pgsluice
