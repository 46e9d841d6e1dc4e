#include "server/statement_label.h"

#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";

struct NameCase {
  std::string name;
  std::string labelled;
};

class LabelledNameTest : public ::testing::TestWithParam<NameCase> {};

TEST_P(LabelledNameTest, EndsWithTheTraceAndIsNotCut) {
  const std::string labelled = LabelledName(GetParam().name, kTrace);

  EXPECT_EQ(labelled, GetParam().labelled + ";trace=" + kTrace);
  EXPECT_LE(labelled.size(), 63u);
}

INSTANTIATE_TEST_SUITE_P(
    All, LabelledNameTest,
    ::testing::Values(NameCase{"pgsluice", "pgsluice"}, NameCase{"", ""},
                      NameCase{"abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"},
                      NameCase{"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx"},
                      NameCase{"k\xc3\xa4se\n", "k??se?"}));

TEST(PreambleTest, SetsTheNameForTheTransactionOnly) {
  const Statement preamble = PreambleOf("a;trace=b", nullptr);

  EXPECT_EQ(preamble.sql, "SELECT pg_catalog.set_config($1, $2, true)");
  ASSERT_EQ(preamble.parameters.size(), 2u);
  EXPECT_EQ(preamble.parameters[0].value, "application_name");
  EXPECT_EQ(preamble.parameters[1].value, "a;trace=b");
  EXPECT_EQ(preamble.kind, StatementKind::kTransactionControl) << "no cause for a reset";
}

TEST(PreambleTest, KeepsWhatTheCallersEntrySets) {
  const Statement settings{
      .sql = "SELECT pg_catalog.set_config($1, $2, true)",
      .parameters = {{.type = 25, .value = "app.tenant"}, {.type = 25, .value = "a"}},
      .kind = StatementKind::kTransactionControl};
  const Statement preamble = PreambleOf("a;trace=b", &settings);

  EXPECT_EQ(preamble.sql,
            "SELECT pg_catalog.set_config($1, $2, true), "
            "pg_catalog.set_config($3, $4, true)");
  ASSERT_EQ(preamble.parameters.size(), 4u);
  EXPECT_EQ(preamble.parameters[1].value, "a");
  EXPECT_EQ(preamble.parameters[3].value, "a;trace=b");
}

}  // namespace
}  // namespace pgsluice
