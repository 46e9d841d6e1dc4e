#include "pgsluice/client/causal_context.h"

namespace pgsluice::client {

void CausalContext::Note(std::string_view token) {
  const std::lock_guard lock(mutex_);
  if (LaterToken(token, token_) != token_) token_ = std::string(token);
}

std::string CausalContext::token() const {
  const std::lock_guard lock(mutex_);
  return token_;
}

void CausalContext::Forget() {
  const std::lock_guard lock(mutex_);
  token_.clear();
}

// Their bytes compare as they do, unsigned.
std::string_view LaterToken(std::string_view a, std::string_view b) {
  return a > b ? a : b;
}

}  // namespace pgsluice::client
