// From when on a statement counts as slow. Rules file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint.h"

namespace pgsluice {

struct SlowThreshold {
  std::string tag = {};           // Empty: any.
  std::optional<Role> role = {};  // Absent: any.
  absl::Duration threshold;       // Zero: never.

  bool operator==(const SlowThreshold&) const = default;
};

class SlowThresholds final {
 public:
  // The first of `rules` that fits holds, else `otherwise`.
  SlowThresholds(absl::Duration otherwise, std::vector<SlowThreshold> rules = {})
      : otherwise_(otherwise), rules_(std::move(rules)) {}

  bool IsSlow(absl::Duration took, Role role, std::string_view tag) const;
  bool operator==(const SlowThresholds&) const = default;

 private:
  absl::Duration For(Role role, std::string_view tag) const;

  absl::Duration otherwise_;
  std::vector<SlowThreshold> rules_;
};

}  // namespace pgsluice
