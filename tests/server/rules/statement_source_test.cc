#include "server/statement_source.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using Code = absl::StatusCode;

constexpr StatementLimits kLimits;

StatementBook Book() {
  const WrittenStatement free_types{
      .where = "1:1", .name = "any.types", .sql = "SELECT $1", .intent = Intent::kRead};
  WrittenStatement read = free_types;
  read.name = "orders.one";
  read.parameters = std::vector<std::string>{"int8", "text"};
  read.max_rows = 5;
  WrittenStatement write = free_types;
  write.name = "orders.close";
  write.sql = "UPDATE orders SET open = false";
  write.parameters.emplace();
  write.intent = Intent::kWrite;
  return *StatementBook::Make({free_types, read, write});
}

class StatementSourceTest : public ::testing::Test {
 protected:
  StatementSource Source(const StatementRights& rights) const {
    StatementSource source(kLimits);
    source.book = &book_;
    source.rights = &rights;
    source.caller = "app";
    return source;
  }

  const StatementBook book_ = Book();
  const StatementRights everything_;
  const StatementRights restricted_ = {.named_only = true, .patterns = {"orders.*"}};
};

v1::Statement Named(const std::string& name, size_t parameters = 0) {
  v1::Statement statement;
  statement.set_name(name);
  for (size_t i = 0; i < parameters; ++i) statement.add_parameters()->set_text("5");
  return statement;
}
v1::Statement Sql(const std::string& sql) {
  v1::Statement statement;
  statement.set_sql(sql);
  return statement;
}
std::string ReasonOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() ? details->reason : "";
}

TEST_F(StatementSourceTest, TakesSqlOrAStatementOfTheBook) {
  const auto sql = SourceStatement(Sql("SELECT 1"), Source(everything_));
  ASSERT_TRUE(sql.ok()) << sql.status();
  EXPECT_EQ(sql->statement.sql, "SELECT 1");
  EXPECT_FALSE(sql->terms.intent.has_value());

  const auto named = SourceStatement(Named("orders.one", 2), Source(everything_));
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->statement.sql, "SELECT $1");
  EXPECT_EQ(named->statement.kind, StatementKind::kPlain);
  EXPECT_EQ(named->terms.intent, Intent::kRead);
  EXPECT_EQ(named->terms.max_rows, 5u);
}

TEST_F(StatementSourceTest, DeclaredTypesAreThoseOfTheParameters) {
  v1::Statement proto = Named("orders.one", 2);
  proto.mutable_parameters(1)->set_type("date");

  const auto named = SourceStatement(proto, Source(everything_));

  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->statement.parameters[0].type, 20u);
  EXPECT_EQ(named->statement.parameters[1].type, 25u) << "whatever the caller says";
  EXPECT_EQ(named->statement.parameters[1].value, "5");
}

TEST_F(StatementSourceTest, SaysWhatIsWrong) {
  v1::Statement both = Named("orders.one", 2);
  both.set_sql("SELECT 1");
  v1::Statement wrong_kind = Named("orders.one", 2);
  wrong_kind.mutable_parameters(0)->mutable_list();
  struct Case {
    v1::Statement statement;
    Code code;
    std::string reason;
    std::string why;
  };
  const Case cases[] = {
      {both, Code::kInvalidArgument, "INVALID_REQUEST", "send one of the two"},
      {Named("a;b"), Code::kInvalidArgument, "INVALID_REQUEST", "is not the name"},
      {Named("orders.two"), Code::kNotFound, "STATEMENT_UNKNOWN", "orders.two"},
      {Named("orders.one", 1), Code::kInvalidArgument, "INVALID_REQUEST",
       "are 1; the statement orders.one takes 2"},
      {Named("orders.close", 1), Code::kInvalidArgument, "INVALID_REQUEST", "takes 0"},
      {wrong_kind, Code::kInvalidArgument, "INVALID_REQUEST", "parameters[0].type"},
      {v1::Statement(), Code::kInvalidArgument, "EMPTY_STATEMENT", "no statement"},
  };
  for (const Case& c : cases) {
    const absl::Status status =
        SourceStatement(c.statement, Source(everything_)).status();
    SCOPED_TRACE(c.statement.ShortDebugString());
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_EQ(ReasonOf(status), c.reason);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
  EXPECT_TRUE(SourceStatement(Named("any.types", 9), Source(everything_)).ok())
      << "PostgreSQL counts";
}

TEST_F(StatementSourceTest, ARestrictedCallerSendsNoSqlAndLearnsOfNoOtherNames) {
  for (const v1::Statement& statement :
       {Sql("SELECT 1"), Sql(""), Sql("orders.one"), v1::Statement()}) {
    const absl::Status status = SourceStatement(statement, Source(restricted_)).status();
    EXPECT_EQ(status.code(), Code::kPermissionDenied) << status;
    EXPECT_EQ(ReasonOf(status), "STATEMENT_NOT_NAMED");
  }
  v1::Statement both = Named("orders.one", 2);
  both.set_sql("SELECT 1");
  EXPECT_FALSE(SourceStatement(both, Source(restricted_)).ok());
  EXPECT_TRUE(SourceStatement(Named("orders.one", 2), Source(restricted_)).ok());

  absl::Status forbidden =
      SourceStatement(Named("any.types", 1), Source(restricted_)).status();
  absl::Status unknown =
      SourceStatement(Named("any.other", 1), Source(restricted_)).status();
  EXPECT_EQ(forbidden.code(), Code::kNotFound);
  EXPECT_EQ(ReasonOf(forbidden), ReasonOf(unknown));
  EXPECT_EQ(
      std::string(forbidden.message())
          .replace(std::string(forbidden.message()).find("any.types"), 9, "any.other"),
      std::string(unknown.message()));
}

TEST_F(StatementSourceTest, WithoutABookThereIsNoName) {
  EXPECT_EQ(
      SourceStatement(Named("orders.one"), StatementSource(kLimits)).status().code(),
      Code::kNotFound);
}

TEST_F(StatementSourceTest, AnIntentMayBeLeftOutButNotContradict) {
  const StatementTerms sql;
  const StatementTerms read{.intent = Intent::kRead};
  const StatementTerms write{.intent = Intent::kWrite};

  EXPECT_TRUE(CheckAskedIntent(sql, v1::INTENT_READ).ok());
  EXPECT_TRUE(CheckAskedIntent(sql, v1::INTENT_WRITE).ok());
  EXPECT_TRUE(CheckAskedIntent(read, v1::INTENT_UNSPECIFIED).ok());
  EXPECT_TRUE(CheckAskedIntent(read, v1::INTENT_READ).ok());
  EXPECT_FALSE(CheckAskedIntent(read, v1::INTENT_WRITE).ok());
  EXPECT_TRUE(CheckAskedIntent(write, v1::INTENT_UNSPECIFIED).ok());
  EXPECT_FALSE(CheckAskedIntent(write, v1::INTENT_READ).ok());
  EXPECT_TRUE(CheckMayRead(sql).ok());
  EXPECT_TRUE(CheckMayRead(read).ok());
  EXPECT_FALSE(CheckMayRead(write).ok());
}

TEST_F(StatementSourceTest, LimitsNarrowAndNeverWiden) {
  const StatementTerms terms{
      .max_rows = 10, .max_bytes = 5000, .max_duration = absl::Seconds(2)};

  EXPECT_EQ(Narrow(ResultLimits{.max_rows = 100, .max_bytes = 1000}, terms),
            (ResultLimits{.max_rows = 10, .max_bytes = 1000}));
  EXPECT_EQ(Narrow(ResultLimits{.max_rows = 100, .max_bytes = 1000}, StatementTerms()),
            (ResultLimits{.max_rows = 100, .max_bytes = 1000}));
  EXPECT_EQ(LimitsOf(terms), (ResultLimits{.max_rows = 10, .max_bytes = 5000}));
  EXPECT_EQ(Narrow(absl::ZeroDuration(), terms), absl::Seconds(2));
  EXPECT_EQ(Narrow(absl::Seconds(1), terms), absl::Seconds(1));
  EXPECT_EQ(Narrow(absl::Seconds(1), StatementTerms()), absl::Seconds(1));
}

}  // namespace
}  // namespace pgsluice
