#include "server/idempotency_digest.h"

#include <functional>
#include <set>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

BatchProgram Program() {
  BatchProgram program;
  BatchStepPlan& step = program.steps.emplace_back();
  step.statement.sql = "SELECT $1, $2";
  step.statement.parameters = {{.type = 20, .is_binary = false, .value = "5"},
                               {.type = 0, .is_binary = false, .value = std::nullopt}};
  return program;
}

std::string Digest(const BatchProgram& program) {
  return DigestOf(program, v1::ISOLATION_UNSPECIFIED, v1::ROW_ENCODING_VALUES);
}

// Stored in databases: a change here makes repeats across versions fail.
TEST(IdempotencyDigestTest, IsTheSameInEveryVersion) {
  EXPECT_EQ(absl::BytesToHexString(Digest(Program())),
            "b6269d6c92cbfe1afa03cde5746a1f45054e6220bef134dcf5cb451498c387e6");
}

TEST(IdempotencyDigestTest, EverythingThatIsRunCounts) {
  const std::vector<std::function<void(BatchProgram&)>> changes = {
      [](BatchProgram&) {},
      [](BatchProgram& p) { p.is_query = true; },
      [](BatchProgram& p) { p.steps.push_back(p.steps.front()); },
      [](BatchProgram& p) { p.steps[0].statement.sql += " "; },
      [](BatchProgram& p) { p.steps[0].statement.parameters[0].value = "6"; },
      [](BatchProgram& p) { p.steps[0].statement.parameters[0].type = 23; },
      [](BatchProgram& p) { p.steps[0].statement.parameters[0].is_binary = true; },
      [](BatchProgram& p) { p.steps[0].statement.parameters[1].value = ""; },
      [](BatchProgram& p) { p.steps[0].statement.parameters.pop_back(); },
      [](BatchProgram& p) { p.steps[0].cells.emplace_back(); },
      [](BatchProgram& p) { p.steps[0].cells.emplace_back().set_row(1); },
      [](BatchProgram& p) { p.steps[0].cells.emplace_back().set_column(1); },
      [](BatchProgram& p) { p.steps[0].has_expectation = true; },
      [](BatchProgram& p) { p.steps[0].expect.set_min_rows(0); },
      [](BatchProgram& p) { p.steps[0].expect.set_max_rows(0); },
      [](BatchProgram& p) { p.steps[0].expect.set_min_rows_affected(0); },
      [](BatchProgram& p) { p.steps[0].expect.set_max_rows_affected(0); },
      [](BatchProgram& p) { p.steps[0].expect.set_first_cell(""); },
  };
  std::set<std::string> digests;
  for (const auto& change : changes) {
    BatchProgram program = Program();
    change(program);
    EXPECT_EQ(Digest(program).size(), 32U);
    digests.insert(Digest(program));
  }
  EXPECT_EQ(digests.size(), changes.size());
}

TEST(IdempotencyDigestTest, SoDoIsolationAndEncoding) {
  const BatchProgram program = Program();
  const std::string digest = Digest(program);

  EXPECT_EQ(DigestOf(program, v1::ISOLATION_UNSPECIFIED, v1::ROW_ENCODING_UNSPECIFIED),
            digest);
  EXPECT_NE(DigestOf(program, v1::ISOLATION_UNSPECIFIED, v1::ROW_ENCODING_PACKED),
            digest);
  EXPECT_NE(DigestOf(program, v1::ISOLATION_SERIALIZABLE, v1::ROW_ENCODING_VALUES),
            digest);
}

// The answer to one tenant is not for another.
TEST(IdempotencyDigestTest, SoDoSettingsOfTheCaller) {
  const auto digest = [](const Statement* settings) {
    return DigestOf(Program(), v1::ISOLATION_UNSPECIFIED, v1::ROW_ENCODING_UNSPECIFIED,
                    settings);
  };
  Statement one{.sql = "SELECT", .parameters = {{.value = "a"}}};
  Statement other = one;
  other.parameters[0].value = "b";

  EXPECT_EQ(digest(nullptr), Digest(Program()));
  EXPECT_EQ(digest(&one), digest(&one));
  EXPECT_NE(digest(&one), digest(&other));
  EXPECT_NE(digest(&one), digest(nullptr));
}

// No two statements run into each other.
TEST(IdempotencyDigestTest, TextsKeepTheirBounds) {
  BatchProgram one = Program();
  one.steps[0].statement.parameters = {{.type = 0, .is_binary = false, .value = "ab"},
                                       {.type = 0, .is_binary = false, .value = "c"}};
  BatchProgram other = one;
  other.steps[0].statement.parameters[0].value = "a";
  other.steps[0].statement.parameters[1].value = "bc";

  EXPECT_NE(Digest(one), Digest(other));
}

}  // namespace
}  // namespace pgsluice
