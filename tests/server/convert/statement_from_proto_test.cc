#include "server/convert/statement_from_proto.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"
#include "tests/server/convert/value_of.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Statement StatementWith(const v1::Value& value) {
  v1::Statement proto;
  proto.set_sql("SELECT $1");
  *proto.add_parameters() = value;
  return proto;
}

absl::StatusOr<Statement> Convert(const v1::Value& value) {
  return StatementFromProto(StatementWith(value), StatementLimits{});
}

absl::StatusOr<Statement> ConvertSql(std::string_view sql) {
  v1::Statement proto;
  proto.set_sql(std::string(sql));
  return StatementFromProto(proto, StatementLimits{.max_sql_bytes = 100});
}

// Expects a refusal that names `field` and says `text`.
void ExpectRefused(const absl::Status& status, std::string_view field,
                   std::string_view text) {
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(text)));
  ASSERT_TRUE(DetailsOf(status).has_value());
  EXPECT_EQ(DetailsOf(status)->field, field) << status;
}

TEST(StatementFromProto, SendsEachKindAsDocumented) {
  struct {
    std::string_view value;
    TypeOid type;
    std::string_view text;
  } constexpr kCases[] = {
      {"bool: true", 16, "t"},
      {"bool: false", 16, "f"},
      {"int64: -9223372036854775808", 20, "-9223372036854775808"},
      {"int64: 9223372036854775807", 20, "9223372036854775807"},
      {"double: 0.1", 701, "0.1"},
      {"double: 0.10000000149011612", 701, "0.10000000149011612"},
      {"double: 5e-324", 701, "5e-324"},
      {"double: 1.7976931348623157e+308", 701, "1.7976931348623157e+308"},
      {"double: -0.0", 701, "-0"},
      {"double: nan", 701, "NaN"},
      {"double: inf", 701, "Infinity"},
      {"double: -inf", 701, "-Infinity"},
      {"text: ''", 0, ""},
      {"text: '2026-01-31'", 0, "2026-01-31"},
      {"numeric: '-12.50'", 1700, "-12.50"},
      {"numeric: '+1.e-7'", 1700, "+1.e-7"},
      {"numeric: '.5'", 1700, ".5"},
      {"numeric: 'NaN'", 1700, "NaN"},
      {"numeric: '-Infinity'", 1700, "-Infinity"},
      {"json: '{\"a\": null}'", 0, "{\"a\": null}"},
      {"int64: 5 type: 'int4'", 23, "5"},
      {"int64: 5 type: 'SMALLINT'", 21, "5"},
      {"text: 'x' type: 'varchar'", 1043, "x"},
      {"text: '{1,2}' type: 'int4[]'", 1007, "{1,2}"},
      {"text: '[0:1]={7,8}' type: '_int4'", 1007, "[0:1]={7,8}"},
      {"double: 0.5 type: 'real'", 700, "0.5"},
      {"bool: true type: 'boolean'", 16, "t"},
      {"list {}", 0, "{}"},
      {"list {} type: 'int4[]'", 1007, "{}"},
      {"list { values {} }", 0, "{NULL}"},
      {"list { values { int64: 1 } values { null: NULL_VALUE_UNSPECIFIED } }", 1016,
       "{1,NULL}"},
      {"list { values { null: NULL_VALUE_UNSPECIFIED } values { bool: true } }", 1000,
       "{NULL,t}"},
      {"list { values { double: nan } values { double: -0.0 } }", 1022, "{NaN,-0}"},
      {"list { values { numeric: '1.50' } }", 1231, "{1.50}"},
      {"list { values { bytes: 'hi\\000' } values { bytes: '' } }", 1001,
       R"({"\\x686900","\\x"})"},
      {"list { values { text: 'NULL' } values { text: '' } values { text: 'a\"\\\\' } }",
       0, R"({"NULL","","a\"\\"})"},
      {"list { values { text: 'a' } } type: 'uuid[]'", 2951, "{a}"},
      {"list { values { json: '{\"a\":1}' } } type: 'jsonb[]'", 3807, R"({"{\"a\":1}"})"},
      {"list { values { text: '(1,1),(0,0)' } values { text: 'b' } } type: 'box[]'", 1020,
       "{(1,1),(0,0);b}"},
      {"list { values { list { values { int64: 1 } values { int64: 2 } } } "
       "values { list { values { int64: 3 } values { } } } }",
       1016, "{{1,2},{3,NULL}}"},
  };
  for (const auto& [value, type, text] : kCases) {
    const absl::StatusOr<Statement> statement = Convert(ValueOf(value));
    ASSERT_TRUE(statement.ok()) << value << ": " << statement.status();
    ASSERT_EQ(statement->parameters.size(), 1u);
    const Parameter& parameter = statement->parameters[0];
    EXPECT_EQ(parameter.type, type) << value;
    EXPECT_FALSE(parameter.is_binary) << value;
    EXPECT_EQ(parameter.value, text) << value;
  }
}

TEST(StatementFromProto, SendsByteaInBinary) {
  v1::Value value;
  value.set_bytes(std::string("\0\xFF\\", 3));
  const absl::StatusOr<Statement> statement = Convert(value);
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->parameters[0].type, 17u);
  EXPECT_TRUE(statement->parameters[0].is_binary);
  EXPECT_EQ(statement->parameters[0].value, value.bytes());
}

TEST(StatementFromProto, SendsNullWithItsTypeIfAny) {
  for (const std::string_view text : {"", "null: NULL_VALUE_UNSPECIFIED"}) {
    const absl::StatusOr<Statement> statement = Convert(ValueOf(text));
    ASSERT_TRUE(statement.ok()) << statement.status();
    EXPECT_EQ(statement->parameters[0].type, 0u);
    EXPECT_EQ(statement->parameters[0].value, std::nullopt);
  }
  EXPECT_EQ(Convert(ValueOf("type: 'date'"))->parameters[0].type, 1082u);
}

TEST(StatementFromProto, RefusesWhatCannotArriveUnchanged) {
  struct {
    std::string_view value;
    std::string_view path;
    std::string_view text;
  } constexpr kCases[] = {
      {"text: 'ab\\000c'", ".text", "NUL character at byte 2"},
      {"json: '\"\\000\"'", ".json", "NUL character at byte 1"},
      {"numeric: ''", ".numeric", "not a decimal"},
      {"numeric: ' 1'", ".numeric", "not a decimal"},
      {"numeric: '1,5'", ".numeric", "not a decimal"},
      {"numeric: '.'", ".numeric", "not a decimal"},
      {"numeric: '1e'", ".numeric", "not a decimal"},
      {"numeric: '0x1F'", ".numeric", "not a decimal"},
      {"numeric: '1\\0002'", ".numeric", "not a decimal"},
      {"int64: 1 type: 'mood'", ".type", "$1::mood"},
      {"type: 'mood'", ".type", "cast in the statement"},
      {"bool: true type: 'int4'", ".type", "is sent as bool"},
      {"bytes: 'a' type: 'text'", ".type", "is sent as bytea"},
      {"list { values { bytes: 'a' } } type: 'text[]'", ".type", "is sent as bytea"},
      {"list { values { int64: 1 } } type: 'int4'", ".type", "an array"},
      {"list { values { int64: 1 type: 'int4' } }", ".list.values[0].type", "outermost"},
      {"list { values { int64: 1 } values { text: '1' } }", ".list.values[1].text",
       "beside int64"},
      {"list { values { int64: 1 } values { list {} } }", ".list", "mixes lists"},
      {"list { values { list { values { int64: 1 } } } values {} }", ".list",
       "mixes lists"},
      {"list { values { list {} } }", ".list.values[0].list", "empty within a list"},
      {"list { values { list { values { int64: 1 } } } values { list { values { int64: 1 "
       "} "
       "values { int64: 2 } } } }",
       ".list.values[1].list", "differs in length"},
      {"list { values { list { values { text: 'x' } } } values { list { values { text: "
       "'a\\000' } } } }",
       ".list.values[1].list.values[0].text", "NUL"},
      {"list { values { list { values { list { values { list { values { list { values { "
       "list "
       "{ values { list { values { int64: 1 } } } } } } } } } } } } } }",
       ".list.values[0].list.values[0].list.values[0].list.values[0].list.values[0].list"
       ".values[0].list",
       "at most 6 dimensions"},
  };
  for (const auto& [value, path, text] : kCases) {
    SCOPED_TRACE(value);
    ExpectRefused(Convert(ValueOf(value)).status(),
                  "statement.parameters[0]" + std::string(path), text);
  }
}

TEST(StatementFromProto, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text : {"caf\xE9", "\xED\xA0\x80", "\xC0\x80"}) {
    v1::Value value;
    value.set_text(std::string(text));
    ExpectRefused(Convert(value).status(), "statement.parameters[0].text",
                  "not valid UTF-8");
    value.set_json(std::string(text));
    ExpectRefused(Convert(value).status(), "statement.parameters[0].json",
                  "not valid UTF-8");
  }
}

TEST(StatementFromProto, RefusesKindsOfLaterVersionsRatherThanSendNull) {
  v1::Value value;
  ASSERT_TRUE(value.ParseFromString(std::string("\x52\x01x", 3)));  // Field 10.
  ExpectRefused(Convert(value).status(), "statement.parameters[0]", "does not know");
}

TEST(StatementFromProto, NamesTheParameterThatIsWrong) {
  v1::Statement proto = StatementWith(ValueOf("int64: 1"));
  *proto.add_parameters() = ValueOf("text: 'fine'");
  *proto.add_parameters() = ValueOf("text: '\\000'");
  const absl::Status status = StatementFromProto(proto, StatementLimits{}).status();
  ExpectRefused(status, "statement.parameters[2].text", "NUL");
  EXPECT_THAT(std::string(status.message()),
              StartsWith("statement.parameters[2].text: "));
}

TEST(StatementFromProto, CountsParameters) {
  v1::Statement proto;
  proto.set_sql("SELECT 1");
  for (int i = 0; i < 65535; ++i) proto.add_parameters()->set_int64(i);
  const absl::StatusOr<Statement> statement =
      StatementFromProto(proto, StatementLimits{});
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->parameters[65534].value, "65534");

  proto.add_parameters();
  ExpectRefused(StatementFromProto(proto, StatementLimits{}).status(),
                "statement.parameters", "are 65536; at most 65535");
}

TEST(StatementFromProto, ChecksTheSql) {
  ExpectRefused(ConvertSql(std::string(101, ' ')).status(), "statement.sql",
                "has 101 bytes; at most 100");
  ExpectRefused(ConvertSql(std::string_view("SELECT 1\0;DROP", 14)).status(),
                "statement.sql", "NUL");
  ExpectRefused(ConvertSql("SELECT 'caf\xE9'").status(), "statement.sql", "UTF-8");
}

TEST(StatementFromProto, RefusesStatementsThatCannotWorkAndSaysWhatDoes) {
  struct {
    std::string_view sql;
    std::string_view reason;
    std::string_view text;
  } constexpr kCases[] = {
      {"", "EMPTY_STATEMENT", "no statement"},
      {" ; -- nothing", "EMPTY_STATEMENT", "no statement"},
      {"BEGIN", "TRANSACTION_CONTROL", "Transaction call"},
      {"/* hidden */ commit", "TRANSACTION_CONTROL", "Transaction call"},
      {"SAVEPOINT a", "TRANSACTION_CONTROL", "savepoint"},
      {"COPY t FROM STDIN", "COPY_REFUSED", "StreamQuery"},
      {"LISTEN c", "LISTEN_REFUSED", "connection of your own"},
  };
  for (const auto& [sql, reason, text] : kCases) {
    const absl::Status status = ConvertSql(sql).status();
    EXPECT_EQ(DetailsOf(status).value_or(ErrorDetails{}).reason, reason) << sql;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(text))) << sql;
  }
}

TEST(StatementFromProto, SaysWhatKindTheStatementIs) {
  EXPECT_EQ(ConvertSql("SELECT 1")->kind, StatementKind::kPlain);
  EXPECT_EQ(ConvertSql("SELECT 1")->sql, "SELECT 1");
  EXPECT_EQ(ConvertSql("SET x = 1")->kind, StatementKind::kOther);
}

}  // namespace
}  // namespace pgsluice
