#include "server/caller_policy.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/config/cluster_options.h"
#include "server/config/statement_file.h"

namespace pgsluice {

namespace {

template <class T>
void LowerTo(T& limit, T most) {
  if (most != T{}) limit = std::min(limit, most);
}

MethodSet MethodsOf(const std::string& text) {
  const absl::StatusOr<MethodSet> methods = ParseMethods(text);
  return methods.ok() ? *methods : MethodSet();  // CheckConfig has said so.
}

std::vector<std::string> PatternsOf(const std::string& text) {
  absl::StatusOr<std::vector<std::string>> patterns = ParseStatementPatterns(text);
  // Without patterns none may be run. CheckConfig has said so.
  return patterns.ok() ? *std::move(patterns) : std::vector<std::string>();
}

std::vector<CallerSetting> SettingsOf(const config::v1::CallerPolicy& caller) {
  std::vector<CallerSetting> settings;
  for (const config::v1::CallerSetting& setting : caller.settings()) {
    settings.push_back({setting.name(), setting.claim(), setting.value()});
  }
  // To PostgreSQL a role is a setting like others.
  if (!caller.run_as().empty()) {
    settings.push_back({.name = "role", .value = caller.run_as()});
  }
  return settings;
}

JwtOptions JwtOptionsOf(const config::v1::Jwt& jwt) {
  return {.jwks_file = jwt.jwks_file(),
          .issuer = jwt.issuer(),
          .audience = jwt.audience(),
          .name_claim = jwt.name_claim(),
          .name_prefix = jwt.name_prefix(),
          .leeway = ToDuration(jwt.leeway()),
          .max_lifetime = ToDuration(jwt.max_lifetime())};
}

}  // namespace

CallerRules CallerRulesOf(const config::v1::Config& config) {
  CallerRules rules{.tokens_file = config.authentication().tokens_file(),
                    .jwt = JwtOptionsOf(config.authentication().jwt())};
  for (const config::v1::CallerPolicy& caller : config.callers()) {
    rules.policies.push_back({.pattern = caller.name(),
                              .methods = MethodsOf(caller.methods()),
                              .is_read_only = caller.read_only(),
                              .max_rows = caller.max_rows(),
                              .max_result_bytes = caller.max_result_bytes(),
                              .max_duration = ToDuration(caller.max_duration()),
                              .max_calls = caller.max_calls(),
                              .max_transactions = caller.max_transactions(),
                              .rights = {.named_only = caller.named_only(),
                                         .patterns = PatternsOf(caller.statements())},
                              .settings = SettingsOf(caller),
                              .login = caller.login()});
  }
  if (rules.policies.empty()) {
    rules.policies.push_back({.pattern = "*", .methods = MethodsOf("data")});
  }
  return rules;
}

bool FitsPattern(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  // Where to go on if what the last star stands for was too short.
  std::optional<size_t> star;
  size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star.has_value()) {
      p = *star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::optional<PolicyMatch> FindPolicy(const std::vector<CallerPolicy>& policies,
                                      const std::vector<std::string>& names) {
  for (size_t i = 0; i < policies.size(); ++i) {
    for (const std::string& name : names) {
      if (FitsPattern(policies[i].pattern, name)) return PolicyMatch{i, name};
    }
  }
  return std::nullopt;
}

CallLimits Narrow(CallLimits limits, const CallerPolicy& policy) {
  limits.read_only = policy.is_read_only;
  limits.rights = policy.rights;
  limits.login = policy.login;
  LowerTo(limits.result.max_rows, policy.max_rows);
  LowerTo(limits.result.max_bytes, policy.max_result_bytes);
  for (absl::Duration* duration :
       {&limits.default_deadline, &limits.max_deadline, &limits.max_stream_duration,
        &limits.max_transaction_duration}) {
    LowerTo(*duration, policy.max_duration);
  }
  return limits;
}

Admission::Limits AdmissionLimitsOf(const CallerPolicy& policy) {
  constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();
  return {.max_calls = policy.max_calls == 0 ? kUnlimited : policy.max_calls,
          .max_transactions =
              policy.max_transactions == 0 ? kUnlimited : policy.max_transactions};
}

}  // namespace pgsluice
