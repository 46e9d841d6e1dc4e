// Values through a real server and back, and our table of types against its catalog.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include <libpq-fe.h>

#include "server/convert/cell_decoder.h"
#include "server/convert/statement_from_proto.h"
#include "server/convert/types.h"
#include "tests/server/convert/value_of.h"
#include "tests/testing/postgres_cluster.h"

namespace pgsluice {
namespace {

// Built-in types of the catalog with their arrays.
constexpr char kCatalogSql[] = R"(
  SELECT oid::text, typname::text, typarray::text, typdelim::text
  FROM pg_type
  WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
    AND oid < 10000
    AND typsubscript <> 'array_subscript_handler'::regproc
    AND (typarray <> 0 OR oid IN (22, 30)))";

class RoundTrip : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto cluster = testing::PostgresCluster::Create({.replicas = 0});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = std::move(*cluster).release();
    connection_ = PQconnectdb(cluster_->server(0).local_conninfo().c_str());
    ASSERT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
    PQsetClientEncoding(connection_, "UTF8");
  }
  static void TearDownTestSuite() {
    PQfinish(connection_);
    delete cluster_;
  }

  // "SELECT $1::<type>" with `value`, decoded by the type of the result's column.
  static v1::Value Send(const v1::Value& value, std::string_view type) {
    v1::Statement proto;
    // A cast cannot take a parameter for its type; the names come from this file.
    proto.set_sql("SELECT $1::" + std::string(type));
    *proto.add_parameters() = value;
    const auto statement = StatementFromProto(proto, StatementLimits{});
    EXPECT_TRUE(statement.ok()) << statement.status();
    if (!statement.ok()) return {};

    const Parameter& parameter = statement->parameters[0];
    const Oid oid = parameter.type;
    const char* data = parameter.value ? parameter.value->c_str() : nullptr;
    const int length = parameter.value ? static_cast<int>(parameter.value->size()) : 0;
    const int format = parameter.is_binary ? 1 : 0;
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQexecParams(connection_, statement->sql.c_str(), 1, &oid, &data, &length,
                     &format, 0),
        PQclear);
    EXPECT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK)
        << PQerrorMessage(connection_) << value.ShortDebugString();
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return {};

    v1::Value back;
    if (PQgetisnull(result.get(), 0, 0)) {
      back.set_null(v1::NULL_VALUE_UNSPECIFIED);
      return back;
    }
    const size_t size = static_cast<size_t>(PQgetlength(result.get(), 0, 0));
    CellDecoder(PQftype(result.get(), 0))
        .Decode(std::string_view(PQgetvalue(result.get(), 0, 0), size), back);
    return back;
  }

  static testing::PostgresCluster* cluster_;
  static PGconn* connection_;
};

testing::PostgresCluster* RoundTrip::cluster_ = nullptr;
PGconn* RoundTrip::connection_ = nullptr;

TEST_F(RoundTrip, OurTypesAreTheCatalogs) {
  const auto rows = cluster_->TrySql(0, kCatalogSql);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_GT(rows->size(), 60u);
  for (const testing::SqlRow& row : *rows) {
    const TypeOid oid = static_cast<TypeOid>(std::stoul(*row[0]));
    const TypeOid array = static_cast<TypeOid>(std::stoul(*row[2]));
    EXPECT_EQ(TypeName(oid), *row[1]);
    EXPECT_EQ(TypeName(array), "_" + *row[1]);
    EXPECT_EQ(ArrayOf(oid), array) << *row[1];
    EXPECT_EQ(ElementOf(array), oid) << *row[1];
    EXPECT_EQ(ArrayDelimiter(oid), row[3]->front()) << *row[1];
  }
}

TEST_F(RoundTrip, OurSqlNamesAreTheServers) {
  for (const std::string name : {"boolean",
                                 "\"char\"",
                                 "bigint",
                                 "smallint",
                                 "int",
                                 "integer",
                                 "real",
                                 "float",
                                 "double precision",
                                 "char",
                                 "character",
                                 "character varying",
                                 "char varying",
                                 "time without time zone",
                                 "timestamp without time zone",
                                 "timestamp with time zone",
                                 "time with time zone",
                                 "bit varying",
                                 "dec",
                                 "decimal",
                                 "int4[]",
                                 "character varying[]"}) {
    const std::string oid = cluster_->Sql(0, "SELECT $1::regtype::oid::text", {name});
    EXPECT_EQ(std::to_string(TypeByName(name).value_or(0)), oid) << name;
  }
}

TEST_F(RoundTrip, BringsEveryValueBackAsItWas) {
  struct {
    std::string_view type;
    std::vector<std::string_view> values;
  } const kCases[] = {
      {"bool", {"bool: true", "bool: false", "null: NULL_VALUE_UNSPECIFIED"}},
      {"int2", {"int64: -32768", "int64: 32767"}},
      {"int4", {"int64: -2147483648", "int64: 2147483647"}},
      {"int8", {"int64: -9223372036854775808", "int64: 9223372036854775807"}},
      {"float4",
       {"double: 0.10000000149011612", "double: nan", "double: -inf", "double: -0.0",
        "double: 1.4012984643248171e-45", "double: 3.4028234663852886e+38"}},
      {"float8",
       {"double: 0.1", "double: nan", "double: inf", "double: -0.0", "double: 5e-324",
        "double: 1.7976931348623157e+308", "double: 2.2250738585072014e-308"}},
      {"numeric",
       {"numeric: '12.50'", "numeric: 'NaN'", "numeric: '-Infinity'",
        "numeric: '0.000000000000000000000000000001'"}},
      {"text",
       {"text: ''", "text: 'NULL'", "text: 'a\\n\\t\"\\\\'", "text: '\xF0\x9F\x90\x98'"}},
      {"varchar", {"text: 'x'"}},
      {"bytea", {"bytes: ''", "bytes: '\\000\\001\\377\\\\x'"}},
      {"json", {"json: '{\"b\":1,  \"a\":null}'"}},
      {"jsonb", {"json: '{\"a\": null, \"b\": 1}'", "json: 'null'"}},
      {"uuid", {"text: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"}},
      {"date", {"text: '2026-01-31'", "text: 'infinity'", "text: '4713-01-01 BC'"}},
      {"time", {"text: '24:00:00'", "text: '12:00:00.123456'"}},
      {"timestamp", {"text: '2026-01-31 12:00:00.123456'", "text: '-infinity'"}},
      {"interval", {"text: '1 year 2 mons -3 days +04:05:06.7'"}},
      {"inet", {"text: '10.0.0.0/8'", "text: '::1'"}},
      {"int4range", {"text: '[1,10)'", "text: 'empty'"}},
      {"tsrange", {"text: '[\"2026-01-01 00:00:00\",)'"}},
      {"int4multirange", {"text: '{[1,3),[5,7)}'"}},
      {"box", {"text: '(1,1),(0,0)'"}},
      {"xml", {"text: '<a/>'"}},
      {"bit(3)", {"text: '101'"}},
      {"bool[]",
       {"list { values { bool: true } values { null: NULL_VALUE_UNSPECIFIED } }"}},
      {"int8[]",
       {"list {}", "list { values { int64: 1 } values { null: NULL_VALUE_UNSPECIFIED } }",
        "list { values { list { values { int64: 1 } } } values { list { values { int64: "
        "2 } } } }",
        "text: '[0:1]={7,8}'"}},
      {"float8[]", {"list { values { double: nan } values { double: -0.0 } }"}},
      {"numeric[]", {"list { values { numeric: '1.50' } values { numeric: 'NaN' } }"}},
      {"text[]",
       {"list { values { text: '' } values { text: 'NULL' } values { text: 'null' } "
        "values { text: '{},\"\\\\ ' } values { text: '\xC3\xA9' } values { text: "
        "'\\013' } }"}},
      {"bytea[]", {"list { values { bytes: '' } values { bytes: '\\000\\377\\\\' } }"}},
      {"jsonb[]",
       {R"(list { values { json: '{"a": "b\\"c"}' } values { json: 'null' } })"}},
      {"uuid[]", {"list { values { text: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' } }"}},
      {"date[]", {"list { values { text: '2026-01-31' } values { text: 'infinity' } }"}},
      {"timestamp[]", {"list { values { text: '2026-01-31 12:00:00' } }"}},
      {"interval[]", {"list { values { text: '1 day 02:00:00' } }"}},
      {"inet[]", {"list { values { text: '::1' } }"}},
      {"int4range[]", {"list { values { text: '[1,10)' } values { text: 'empty' } }"}},
  };
  for (const auto& [type, values] : kCases) {
    for (const std::string_view text : values) {
      const v1::Value value = ValueOf(text);
      EXPECT_EQ(Send(value, type).ShortDebugString(), value.ShortDebugString()) << type;
    }
  }
}

TEST_F(RoundTrip, BringsEveryByteBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  v1::Value value;
  value.set_bytes(all);
  for (const char* format : {"hex", "escape"}) {
    PQclear(PQexec(connection_, (std::string("SET bytea_output = ") + format).c_str()));
    EXPECT_EQ(Send(value, "bytea").bytes(), all) << format;
    v1::Value list;
    *list.mutable_list()->add_values() = value;
    EXPECT_EQ(Send(list, "bytea[]").list().values(0).bytes(), all) << format;
  }
  PQclear(PQexec(connection_, "RESET bytea_output"));
}

TEST_F(RoundTrip, SendsValuesAsTheTypeTheyName) {
  const v1::Value value = Send(
      ValueOf("list { values { text: '(1,1),(0,0)' } values { text: '(2,2),(1,1)' } } "
              "type: 'box[]'"),
      "box[]");
  EXPECT_EQ(value.list().values_size(), 2);
  EXPECT_EQ(Send(ValueOf("int64: 5 type: 'int2'"), "int2").int64(), 5);
}

}  // namespace
}  // namespace pgsluice
