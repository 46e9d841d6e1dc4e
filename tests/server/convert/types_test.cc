#include "server/convert/types.h"

#include <optional>
#include <string_view>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(Types, KnowsNamesAndOids) {
  struct {
    TypeOid oid;
    std::string_view name;
  } constexpr kCases[] = {{16, "bool"},
                          {20, "int8"},
                          {25, "text"},
                          {1700, "numeric"},
                          {2950, "uuid"},
                          {3802, "jsonb"},
                          {1007, "_int4"},
                          {2287, "_record"},
                          {271, "_xid8"},
                          {3904, "int4range"},
                          {6150, "_int4multirange"},
                          {2205, "regclass"},
                          {3220, "pg_lsn"},
                          {2278, "void"},
                          {22, "int2vector"}};
  for (const auto& [oid, name] : kCases) {
    EXPECT_EQ(TypeName(oid), name);
    EXPECT_EQ(TypeByName(name), oid) << name;
  }
}

TEST(Types, SaysNothingOfTypesThatAreNotBuiltIn) {
  for (const TypeOid oid : {0u, 1u, 16384u, 4294967295u}) {
    EXPECT_EQ(TypeName(oid), "");
    EXPECT_EQ(ElementOf(oid), std::nullopt);
    EXPECT_EQ(FormOf(oid), ValueForm::kText);
  }
  for (const std::string_view name :
       {"", "[]", "_", "mood", "mood[]", "_mood", "void[]", "_void", "_int4[]", "int 4",
        "numeric(10,2)", "int4[", "int4; DROP TABLE t", "pg_class"}) {
    EXPECT_EQ(TypeByName(name), std::nullopt) << name;
  }
}

TEST(Types, FindsSqlNamesInAnyCase) {
  struct {
    std::string_view name;
    TypeOid oid;
  } constexpr kCases[] = {{"integer", 23},
                          {"INT", 23},
                          {"bigint", 20},
                          {"smallint", 21},
                          {"boolean", 16},
                          {"real", 700},
                          {"double precision", 701},
                          {"  Double   Precision ", 701},
                          {"character varying", 1043},
                          {"timestamp with time zone", 1184},
                          {"timestamp without time zone", 1114},
                          {"time with time zone", 1266},
                          {"bit varying", 1562},
                          {"decimal", 1700},
                          {"TIMESTAMPTZ", 1184}};
  for (const auto& [name, oid] : kCases) EXPECT_EQ(TypeByName(name), oid) << name;
}

TEST(Types, TakesCharAsSqlDoes) {
  EXPECT_EQ(TypeByName("char"), 1042u);
  EXPECT_EQ(TypeByName("\"char\""), 18u);
  EXPECT_EQ(TypeName(18), "char");
}

TEST(Types, FindsArraysOfAnyNumberOfDimensions) {
  for (const std::string_view name :
       {"_int4", "int4[]", "integer[]", "int []", "INTEGER[][]", "int4[] []"}) {
    EXPECT_EQ(TypeByName(name), 1007u) << name;
  }
  EXPECT_EQ(TypeByName("timestamp with time zone[]"), 1185u);
}

TEST(Types, KnowsElements) {
  EXPECT_EQ(ElementOf(1007), 23u);
  EXPECT_EQ(ArrayOf(23), 1007u);
  EXPECT_EQ(ElementOf(23), std::nullopt);
  EXPECT_EQ(ElementOf(22), std::nullopt);
  EXPECT_EQ(ArrayOf(2278), std::nullopt);
  EXPECT_EQ(ArrayDelimiter(603), ';');
  EXPECT_EQ(ArrayDelimiter(600), ',');
}

}  // namespace
}  // namespace pgsluice
