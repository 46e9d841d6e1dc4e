#include "server/caller_policy.h"

#include "gtest/gtest.h"

#include "server/caller_book.h"

namespace pgsluice {
namespace {

TEST(CallerPolicyTest, AStarStandsForAnyCharacters) {
  struct Case {
    std::string_view pattern;
    std::string_view name;
    bool fits;
  };
  const Case cases[] = {
      {"a", "a", true},         {"a", "b", false},
      {"a", "ab", false},       {"ab", "a", false},
      {"*", "", true},          {"*", "anything", true},
      {"a*", "a", true},        {"a*", "abc", true},
      {"a*", "ba", false},      {"*.b", "x.b", true},
      {"*.b", "x.b.c", false},  {"*.b", "x.b.b", true},
      {"a*c*e", "abcde", true}, {"a*c*e", "abde", false},
      {"a**b", "ab", true},     {"spiffe://x/*", "spiffe://x/", true},
      {"A", "a", false},        {"", "a", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FitsPattern(c.pattern, c.name), c.fits) << c.pattern << " " << c.name;
  }
}

CallerPolicy Named(std::string pattern) {
  CallerPolicy policy;
  policy.pattern = std::move(pattern);
  return policy;
}

TEST(CallerPolicyTest, TheFirstPolicyThatFitsHolds) {
  const std::vector<CallerPolicy> policies = {Named("a"), Named("*.b"), Named("x.b")};

  EXPECT_EQ(FindPolicy(policies, {"x.b"})->index, 1u);
  EXPECT_EQ(FindPolicy(policies, {"x.b", "a"})->index, 0u);
  EXPECT_EQ(FindPolicy(policies, {"x.b", "a"})->name, "a");
  EXPECT_FALSE(FindPolicy(policies, {"c"}).has_value());
  EXPECT_FALSE(FindPolicy({}, {"c"}).has_value());
}

TEST(CallerPolicyTest, NarrowsLimitsAndNeverWidensThem) {
  CallLimits limits;
  limits.result = {.max_rows = 100, .max_bytes = 1000};
  limits.default_deadline = absl::Seconds(30);
  limits.max_deadline = absl::Minutes(10);
  limits.max_stream_duration = absl::Hours(1);
  limits.max_transaction_duration = absl::Minutes(10);
  EXPECT_EQ(Narrow(limits, CallerPolicy()), limits);

  CallerPolicy policy;
  policy.is_read_only = true;
  policy.max_rows = 10;
  policy.max_result_bytes = 5000;
  policy.max_duration = absl::Minutes(1);
  policy.rights = {.named_only = true, .patterns = {"orders.*"}};
  policy.login = "reports";
  const CallLimits narrow = Narrow(limits, policy);

  EXPECT_TRUE(narrow.read_only);
  EXPECT_EQ(narrow.rights, policy.rights);
  EXPECT_EQ(narrow.login, "reports");
  EXPECT_EQ(narrow.result.max_rows, 10u);
  EXPECT_EQ(narrow.result.max_bytes, 1000u);
  EXPECT_EQ(narrow.default_deadline, absl::Seconds(30));
  EXPECT_EQ(narrow.max_deadline, absl::Minutes(1));
  EXPECT_EQ(narrow.max_stream_duration, absl::Minutes(1));
  EXPECT_EQ(narrow.max_transaction_duration, absl::Minutes(1));
}

TEST(CallerPolicyTest, WithoutEntriesEverybodyMayCallTheMethodsOfData) {
  const CallerRules rules = CallerRulesOf(config::v1::Config());

  ASSERT_EQ(rules.policies.size(), 1u);
  EXPECT_TRUE(FindPolicy(rules.policies, {"anybody"}).has_value());
  EXPECT_TRUE(rules.policies[0].methods.Contains(RpcMethod::kTransaction));
  EXPECT_FALSE(rules.policies[0].methods.Contains(RpcMethod::kPoolStats));
  EXPECT_FALSE(rules.policies[0].methods.Contains(RpcMethod::kReflection));
}

TEST(CallerPolicyTest, TakesTheStatementsThatACallerMayRun) {
  config::v1::Config config;
  config::v1::CallerPolicy& caller = *config.add_callers();
  caller.set_methods("data");
  caller.set_named_only(true);
  caller.set_statements("orders.*, tick");
  caller.set_login("reports");

  const CallerPolicy policy = CallerRulesOf(config).policies[0];
  const StatementRights rights = policy.rights;
  EXPECT_EQ(policy.login, "reports");

  EXPECT_TRUE(rights.named_only);
  EXPECT_EQ(rights.patterns, (std::vector<std::string>{"orders.*", "tick"}));
}

TEST(CallerPolicyTest, CallsInProgressCountOnInTheNextBook) {
  CallerPolicy policy = Named("a");
  policy.max_calls = 2;
  const auto first = MakeCallerBook({Named("b"), policy}, nullptr);
  const auto ticket = first->admissions[1]->Admit(Admission::Kind::kStatement);
  ASSERT_TRUE(ticket.ok());

  policy.max_calls = 1;
  const auto second = MakeCallerBook({policy, Named("c")}, first.get());

  EXPECT_FALSE(second->admissions[0]->Admit(Admission::Kind::kStatement).ok());
  EXPECT_TRUE(second->admissions[1]->Admit(Admission::Kind::kStatement).ok());
}

}  // namespace
}  // namespace pgsluice
