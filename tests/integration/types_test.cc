// Every type of PostgreSQL's that has a kind of its own, and some that travel as text:
// the value that comes out is the one expected, and sending it back changes nothing.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using std::string_literals::operator""s;

struct TypeCase {
  std::string type;  // As written in a cast.
  std::string text;  // PostgreSQL's text form.
  v1::Value expected;
  std::string type_name;  // As in Column; empty: the same as `type`.
};

std::vector<TypeCase> ScalarCases() {
  return {
      {"bool", "true", Bool(true), ""},
      {"bool", "false", Bool(false), ""},
      {"int2", "-32768", Int(-32768), ""},
      {"int4", "2147483647", Int(2147483647), ""},
      {"int8", "9223372036854775807", Int(std::numeric_limits<int64_t>::max()), ""},
      {"int8", "-9223372036854775808", Int(std::numeric_limits<int64_t>::min()), ""},
      {"oid", "4294967295", Int(4294967295), ""},
      {"float4", "-1.5", Double(-1.5), ""},
      {"float4", "Infinity", Double(std::numeric_limits<double>::infinity()), ""},
      {"float8", "0.1", Double(0.1), ""},
      {"float8", "1.7976931348623157e+308", Double(std::numeric_limits<double>::max()),
       ""},
      {"float8", "5e-324", Double(5e-324), ""},
      {"float8", "-Infinity", Double(-std::numeric_limits<double>::infinity()), ""},
      {"numeric", "12.50", Numeric("12.50"), ""},
      {"numeric", "NaN", Numeric("NaN"), ""},
      {"numeric", std::string(2000, '7') + "." + std::string(500, '3'),
       Numeric(std::string(2000, '7') + "." + std::string(500, '3')), ""},
      {"text", "", Text(""), ""},
      {"text", "grüße, 世界 \"quoted\" \\ 'x'\n\t",
       Text("grüße, 世界 \"quoted\" \\ 'x'\n\t"), ""},
      {"text", std::string(1'000'000, 'x'), Text(std::string(1'000'000, 'x')), ""},
      {"varchar", "NULL", Text("NULL"), ""},
      {"bytea", "\\x", Bytes(""), ""},
      {"bytea", "\\x00ff0041", Bytes("\0\xff\0A"s), ""},
      {"json", "{\"b\": 1,  \"a\": [null]}", Json("{\"b\": 1,  \"a\": [null]}"), ""},
      {"jsonb", "{\"a\": [null, 1.50], \"b\": \"x\"}",
       Json("{\"a\": [null, 1.50], \"b\": \"x\"}"), ""},
      {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
       Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), ""},
      {"date", "2026-01-31", Text("2026-01-31"), ""},
      {"date", "0044-03-15 BC", Text("0044-03-15 BC"), ""},
      {"date", "infinity", Text("infinity"), ""},
      {"time", "23:59:59.999999", Text("23:59:59.999999"), ""},
      {"timetz", "12:00:00+02", Text("12:00:00+02"), ""},
      {"timestamp", "2026-01-31 12:34:56.789012", Text("2026-01-31 12:34:56.789012"), ""},
      {"timestamp", "-infinity", Text("-infinity"), ""},
      {"timestamptz", "2026-01-31 12:34:56.5+00", Text("2026-01-31 12:34:56.5+00"), ""},
      {"timestamptz", "infinity", Text("infinity"), ""},
      {"interval", "1 year 2 mons -3 days +04:05:06.7",
       Text("1 year 2 mons -3 days +04:05:06.7"), ""},
      {"inet", "192.168.1.1/24", Text("192.168.1.1/24"), ""},
      {"inet", "::1", Text("::1"), ""},
      {"cidr", "10.0.0.0/8", Text("10.0.0.0/8"), ""},
      {"macaddr", "08:00:2b:01:02:03", Text("08:00:2b:01:02:03"), ""},
      {"int4range", "[1,5)", Text("[1,5)"), ""},
      {"tstzrange", "[\"2026-01-01 00:00:00+00\",)",
       Text("[\"2026-01-01 00:00:00+00\",)"), ""},
      {"int4multirange", "{[1,3),[5,7)}", Text("{[1,3),[5,7)}"), ""},
      {"bit(3)", "101", Text("101"), "bit"},
      {"point", "(1,2.5)", Text("(1,2.5)"), ""},
  };
}

std::vector<TypeCase> ArrayCases() {
  return {
      {"int4[]", "{1,NULL,-3}", List({Int(1), Null(), Int(-3)}), "_int4"},
      {"int4[]", "{}", List({}), "_int4"},
      {"int8[]", "{{1,2},{3,NULL}}",
       List({List({Int(1), Int(2)}), List({Int(3), Null()})}), "_int8"},
      {"int4[]", "{{{1},{2}},{{3},{4}}}",
       List({List({List({Int(1)}), List({Int(2)})}),
             List({List({Int(3)}), List({Int(4)})})}),
       "_int4"},
      {"int4[]", "[0:1]={7,8}", Text("[0:1]={7,8}"), "_int4"},
      {"bool[]", "{t,f}", List({Bool(true), Bool(false)}), "_bool"},
      {"float8[]", "{0.1,Infinity}",
       List({Double(0.1), Double(std::numeric_limits<double>::infinity())}), "_float8"},
      {"numeric[]", "{12.50,NaN}", List({Numeric("12.50"), Numeric("NaN")}), "_numeric"},
      {"text[]", R"({"",NULL,"NULL","a,b","{c}","\"d\"","\\e"," f "})",
       List({Text(""), Null(), Text("NULL"), Text("a,b"), Text("{c}"), Text("\"d\""),
             Text("\\e"), Text(" f ")}),
       "_text"},
      {"bytea[]", R"({"\\x0001","\\x"})", List({Bytes("\0\1"s), Bytes("")}), "_bytea"},
      {"jsonb[]", R"({"{\"a\": 1}"})", List({Json("{\"a\": 1}")}), "_jsonb"},
      {"uuid[]", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
       List({Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")}), "_uuid"},
      {"timestamptz[]", "{\"2026-01-31 12:00:00+00\",infinity}",
       List({Text("2026-01-31 12:00:00+00"), Text("infinity")}), "_timestamptz"},
      {"date[]", "{2026-01-31,NULL}", List({Text("2026-01-31"), Null()}), "_date"},
      {"inet[]", "{127.0.0.1}", List({Text("127.0.0.1")}), "_inet"},
      {"int4range[]", "{\"[1,2)\",empty}", List({Text("[1,2)"), Text("empty")}),
       "_int4range"},
  };
}

class TypesTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
  }

  void ExpectRoundTrip(const TypeCase& c) {
    SCOPED_TRACE(absl::StrCat(c.type, ": ", c.text.substr(0, 60)));
    // The type in a cast cannot be a parameter; it is a constant of this file.
    const Answer out =
        client().Query(absl::StrCat("SELECT $1::text::", c.type), {Text(c.text)});
    ASSERT_TRUE(out.ok()) << out.failure;
    EXPECT_EQ(out.at(0, 0).SerializeAsString(), c.expected.SerializeAsString())
        << out.at(0, 0).ShortDebugString().substr(0, 200);
    EXPECT_EQ(out.response.columns(0).type_name(),
              c.type_name.empty() ? c.type : c.type_name);

    const Answer back =
        client().Query(absl::StrCat("SELECT ($1::", c.type, ")::text"), {out.at(0, 0)});
    ASSERT_TRUE(back.ok()) << back.failure;
    const Answer direct = client().Query(
        absl::StrCat("SELECT ($1::text::", c.type, ")::text"), {Text(c.text)});
    EXPECT_EQ(back.at(0, 0).text(), direct.at(0, 0).text());
  }
};

TEST_F(TypesTest, ScalarsMakeTheRoundTripExactly) {
  for (const TypeCase& c : ScalarCases()) ExpectRoundTrip(c);
}

TEST_F(TypesTest, ArraysMakeTheRoundTripExactly) {
  for (const TypeCase& c : ArrayCases()) ExpectRoundTrip(c);
}

TEST_F(TypesTest, NotANumberIsNotANumber) {
  const Answer out = client().Query("SELECT 'NaN'::float8, 'NaN'::float4");
  ASSERT_TRUE(out.ok()) << out.failure;
  EXPECT_TRUE(std::isnan(out.at(0, 0).double_()));
  EXPECT_TRUE(std::isnan(out.at(0, 1).double_()));

  const Answer back = client().Query("SELECT $1 = 'NaN'", {out.at(0, 0)});
  ASSERT_TRUE(back.ok()) << back.failure;
  EXPECT_TRUE(back.at(0, 0).bool_());
}

TEST_F(TypesTest, NegativeZeroKeepsItsSign) {
  const Answer out = client().Query("SELECT '-0'::float8");
  ASSERT_TRUE(out.ok()) << out.failure;

  const Answer back = client().Query("SELECT $1::text", {out.at(0, 0)});

  EXPECT_TRUE(std::signbit(out.at(0, 0).double_()));
  EXPECT_EQ(back.at(0, 0).text(), "-0");
}

TEST_F(TypesTest, SinglePrecisionIsExact) {
  for (const float value : {0.1F, 16777217.0F, 3.4028235e38F, 1.4e-45F, 1.0F / 3.0F}) {
    const Answer out = client().Query("SELECT $1::float4", {Double(value)});
    ASSERT_TRUE(out.ok()) << out.failure;

    const Answer back =
        client().Query("SELECT $1::float4 = $2::float4", {out.at(0, 0), Double(value)});

    EXPECT_EQ(static_cast<float>(out.at(0, 0).double_()), value);
    EXPECT_TRUE(back.at(0, 0).bool_());
  }
}

TEST_F(TypesTest, NullsOfEveryTypeAreNull) {
  for (const std::string type : {"bool", "int4", "float8", "numeric", "text", "bytea",
                                 "jsonb", "uuid", "int4[]", "int4range"}) {
    SCOPED_TRACE(type);
    for (const v1::Value& null : {Null(), v1::Value()}) {
      const Answer out =
          client().Query(absl::StrCat("SELECT $1::", type, ", $1 IS NULL"), {null});
      ASSERT_TRUE(out.ok()) << out.failure;
      EXPECT_EQ(out.at(0, 0).kind_case(), v1::Value::kNull);
      EXPECT_TRUE(out.at(0, 1).bool_());
    }
  }
}

TEST_F(TypesTest, OwnTypesComeAsTextWithTheirOid) {
  cluster().Sql(0, "CREATE TYPE mood AS ENUM ('glad', 'sad')");
  cluster().Sql(0, "CREATE TYPE pair AS (a int, b text)");

  const Answer out = client().Query("SELECT 'sad'::mood, ROW(1, 'x y')::pair");

  ASSERT_TRUE(out.ok()) << out.failure;
  EXPECT_EQ(out.at(0, 0).text(), "sad");
  EXPECT_EQ(out.at(0, 1).text(), "(1,\"x y\")");
  EXPECT_EQ(absl::StrCat(out.response.columns(0).type_oid()),
            cluster().Sql(0, "SELECT 'mood'::regtype::oid"));
  cluster().Sql(0, "DROP TYPE mood");
  cluster().Sql(0, "DROP TYPE pair");
}

TEST_F(TypesTest, ColumnsSayWhereTheyComeFrom) {
  cluster().Sql(0, "CREATE TABLE origin (a int, b varchar(7))");

  const Answer out = client().Query("SELECT b, a + 1 FROM origin");

  ASSERT_TRUE(out.ok()) << out.failure;
  ASSERT_EQ(out.response.columns_size(), 2);
  const v1::Column& column = out.response.columns(0);
  EXPECT_EQ(column.name(), "b");
  EXPECT_EQ(column.type_name(), "varchar");
  EXPECT_EQ(column.type_modifier(), 7 + 4);
  EXPECT_EQ(absl::StrCat(column.table_oid()),
            cluster().Sql(0, "SELECT 'origin'::regclass::oid"));
  EXPECT_EQ(column.table_column(), 2);
  EXPECT_EQ(out.response.columns(1).name(), "?column?");
  EXPECT_EQ(out.response.columns(1).table_oid(), 0U);
  EXPECT_EQ(out.response.rows_size(), 0);
  cluster().Sql(0, "DROP TABLE origin");
}

}  // namespace
}  // namespace pgsluice::testing
