// What callers may do, as `callers` says: which entry is for whom, and what it makes of
// the limits. Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pgsluice/config/v1/config.pb.h"
#include "server/admission.h"
#include "server/call_environment.h"
#include "server/caller_settings.h"
#include "server/config/caller_methods.h"
#include "server/jwt.h"

namespace pgsluice {

// Limits of zero are the gateway's own.
struct CallerPolicy {
  std::string pattern;  // A "*" stands for any characters, or for none.
  MethodSet methods;
  bool is_read_only = false;
  uint64_t max_rows = 0;
  uint64_t max_result_bytes = 0;
  absl::Duration max_duration = absl::ZeroDuration();
  size_t max_calls = 0;
  size_t max_transactions = 0;
  StatementRights rights = {};
  std::vector<CallerSetting> settings = {};
  std::string login = {};  // Name of one; empty: the endpoints' own.

  bool operator==(const CallerPolicy&) const = default;
};

struct CallerRules {
  std::string tokens_file;  // Empty: none.
  JwtOptions jwt = {};
  std::vector<CallerPolicy> policies = {};

  bool operator==(const CallerRules&) const = default;
};

// Without entries in `callers`, everybody who is known may call the methods of "data".
CallerRules CallerRulesOf(const config::v1::Config& config);

bool FitsPattern(std::string_view pattern, std::string_view name);

struct PolicyMatch {
  size_t index;      // Of the policy.
  std::string name;  // The one that it fits.
};
// The first policy that fits one of the names, and the first name that it fits.
std::optional<PolicyMatch> FindPolicy(const std::vector<CallerPolicy>& policies,
                                      const std::vector<std::string>& names);

// The gateway's limits, as far as the policy is not narrower.
CallLimits Narrow(CallLimits limits, const CallerPolicy& policy);
Admission::Limits AdmissionLimitsOf(const CallerPolicy& policy);

}  // namespace pgsluice
