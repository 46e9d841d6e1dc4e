#include "server/slow_thresholds.h"

namespace pgsluice {

bool SlowThresholds::IsSlow(absl::Duration took, Role role, std::string_view tag) const {
  const absl::Duration threshold = For(role, tag);
  return threshold > absl::ZeroDuration() && took >= threshold;
}

absl::Duration SlowThresholds::For(Role role, std::string_view tag) const {
  for (const SlowThreshold& rule : rules_) {
    if (!rule.tag.empty() && rule.tag != tag) continue;
    if (rule.role.has_value() && *rule.role != role) continue;
    return rule.threshold;
  }
  return otherwise_;
}

}  // namespace pgsluice
