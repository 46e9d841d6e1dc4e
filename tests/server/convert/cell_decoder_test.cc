#include "server/convert/cell_decoder.h"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

#include "server/convert/types.h"
#include "tests/server/convert/value_of.h"

namespace pgsluice {
namespace {

v1::Value Decode(std::string_view type, std::string_view text) {
  v1::Value value;
  CellDecoder(TypeByName(type).value()).Decode(text, value);
  return value;
}

TEST(CellDecoder, DecodesByType) {
  struct {
    std::string_view type;
    std::string_view text;
    std::string_view value;
  } constexpr kCases[] = {
      {"bool", "t", "bool: true"},
      {"bool", "f", "bool: false"},
      {"int2", "-32768", "int64: -32768"},
      {"int4", "2147483647", "int64: 2147483647"},
      {"int8", "-9223372036854775808", "int64: -9223372036854775808"},
      {"int8", "9223372036854775807", "int64: 9223372036854775807"},
      {"oid", "4294967295", "int64: 4294967295"},
      {"float4", "0.1", "double: 0.10000000149011612"},
      {"float4", "3.4028235e+38", "double: 3.4028234663852886e+38"},
      {"float4", "1e-45", "double: 1.4012984643248171e-45"},
      {"float8", "0.1", "double: 0.1"},
      {"float8", "5e-324", "double: 5e-324"},
      {"float8", "1.7976931348623157e+308", "double: 1.7976931348623157e+308"},
      {"float8", "-0", "double: -0.0"},
      {"float8", "Infinity", "double: inf"},
      {"float8", "-Infinity", "double: -inf"},
      {"float8", "NaN", "double: nan"},
      {"numeric", "12.50", "numeric: '12.50'"},
      {"numeric", "NaN", "numeric: 'NaN'"},
      {"text", "", "text: ''"},
      {"text", "\xC3\xA9", "text: '\xC3\xA9'"},
      {"varchar", "NULL", "text: 'NULL'"},
      {"bpchar", "a   ", "text: 'a   '"},
      {"bytea", "\\x", "bytes: ''"},
      {"bytea", "\\x00ff5C", "bytes: '\\000\\377\\134'"},
      {"bytea", "a\\\\b\\000\\377", "bytes: 'a\\\\b\\000\\377'"},
      {"json", "{\"a\": 1}", "json: '{\"a\": 1}'"},
      {"jsonb", "null", "json: 'null'"},
      {"uuid", "00000000-0000-0000-0000-000000000001",
       "text: '00000000-0000-0000-0000-000000000001'"},
      {"date", "infinity", "text: 'infinity'"},
      {"timestamptz", "2026-01-31 12:00:00.123456+00",
       "text: '2026-01-31 12:00:00.123456+00'"},
      {"interval", "1 day -00:00:01", "text: '1 day -00:00:01'"},
      {"inet", "::1/128", "text: '::1/128'"},
      {"int4range", "[1,10)", "text: '[1,10)'"},
      {"money", "$1.00", "text: '$1.00'"},
      {"int2vector", "1 2", "text: '1 2'"},
      {"int4[]", "{}", "list {}"},
      {"int4[]", "{1,NULL}",
       "list { values { int64: 1 } values { null: NULL_VALUE_UNSPECIFIED } }"},
      {"int4[]", "[0:1]={7,8}", "text: '[0:1]={7,8}'"},
      {"int4[]", "{{1},{2}}",
       "list { values { list { values { int64: 1 } } } values { list { values { int64: 2 "
       "} } } }"},
      {"bool[]", "{t,f}", "list { values { bool: true } values { bool: false } }"},
      {"bytea[]", R"({"\\x6869"})", "list { values { bytes: 'hi' } }"},
      {"jsonb[]", R"({"{\"a\": \"b\"}"})", R"(list { values { json: '{"a": "b"}' } })"},
      {"float4[]", "{0.1}", "list { values { double: 0.10000000149011612 } }"},
      {"box[]", "{(1,1),(0,0);(2,2),(1,1)}",
       "list { values { text: '(1,1),(0,0)' } values { text: '(2,2),(1,1)' } }"},
  };
  for (const auto& [type, text, expected] : kCases) {
    EXPECT_EQ(Decode(type, text).ShortDebugString(), ValueOf(expected).ShortDebugString())
        << type << " " << text;
  }
}

TEST(CellDecoder, LeavesTypesItDoesNotKnowAsText) {
  v1::Value value;
  CellDecoder(16400).Decode("happy", value);
  EXPECT_EQ(value.text(), "happy");
}

TEST(CellDecoder, KeepsWhatIsNotOfItsTypeAsText) {
  struct {
    std::string_view type;
    std::string_view text;
  } constexpr kCases[] = {{"bool", "true"},   {"int4", ""},
                          {"int4", "1 "},     {"int8", "9223372036854775808"},
                          {"int4", "+1"},     {"float8", "1x"},
                          {"float4", "1e39"}, {"bytea", "\\x0"},
                          {"bytea", "\\xzz"}, {"bytea", "a\\9"},
                          {"bytea", "\\40"},  {"int4[]", "{1"}};
  for (const auto& [type, text] : kCases) {
    const v1::Value value = Decode(type, text);
    EXPECT_EQ(value.kind_case(), v1::Value::kText) << type << " " << text;
    EXPECT_EQ(value.text(), text) << type;
  }
}

TEST(CellDecoder, GivesTextThatIsNotUtf8AsBytes) {
  for (const std::string_view type :
       {"text", "json", "numeric", "bool", "int4", "date"}) {
    const v1::Value value = Decode(type, "caf\xE9");
    EXPECT_EQ(value.kind_case(), v1::Value::kBytes) << type;
    EXPECT_EQ(value.bytes(), "caf\xE9") << type;
  }
  const v1::Value list = Decode("text[]", "{ok,caf\xE9}");
  EXPECT_EQ(list.list().values(0).text(), "ok");
  EXPECT_EQ(list.list().values(1).bytes(), "caf\xE9");
  EXPECT_EQ(Decode("text[]", "[0:0]={caf\xE9}").bytes(), "[0:0]={caf\xE9}");
}

TEST(CellDecoder, KeepsTheSignOfZero) {
  EXPECT_TRUE(std::signbit(Decode("float8", "-0").double_()));
  EXPECT_TRUE(std::signbit(Decode("float4", "-0").double_()));
}

TEST(CellDecoder, CarriesHugeNumericsWhole) {
  const std::string digits(131072, '9');
  EXPECT_EQ(Decode("numeric", digits).numeric(), digits);
}

}  // namespace
}  // namespace pgsluice
