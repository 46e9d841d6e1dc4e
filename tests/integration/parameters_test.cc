// Parameters: the type that a kind or a name gives them, and what is refused.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class ParametersTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
  }

  std::string TypeOf(v1::Value value) {
    const Answer answer =
        client().Query("SELECT pg_typeof($1)::text", {std::move(value)});
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.at(0, 0).text();
  }
};

TEST_F(ParametersTest, TheKindGivesTheType) {
  EXPECT_EQ(TypeOf(Int(5)), "bigint");
  EXPECT_EQ(TypeOf(Bool(true)), "boolean");
  EXPECT_EQ(TypeOf(Double(1.5)), "double precision");
  EXPECT_EQ(TypeOf(Numeric("1.5")), "numeric");
  EXPECT_EQ(TypeOf(Bytes("x")), "bytea");
  EXPECT_EQ(TypeOf(List({Int(1), Int(2)})), "bigint[]");
}

TEST_F(ParametersTest, ANamedTypeIsTaken) {
  EXPECT_EQ(TypeOf(As("int4", Int(5))), "integer");
  EXPECT_EQ(TypeOf(As("int2", Int(5))), "smallint");
  EXPECT_EQ(TypeOf(As("float4", Double(1.5))), "real");
  EXPECT_EQ(TypeOf(As("uuid", Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"))), "uuid");
  EXPECT_EQ(TypeOf(As("jsonb", Json("{}"))), "jsonb");
  EXPECT_EQ(TypeOf(As("date[]", List({Text("2026-01-31"), Null()}))), "date[]");
  EXPECT_EQ(TypeOf(As("timestamptz", Null())), "timestamp with time zone");
}

TEST_F(ParametersTest, UntypedTextFitsWhateverTheColumnIs) {
  cluster().Sql(0,
                "CREATE TABLE many (u uuid, j jsonb, d date, t timestamptz, i interval, "
                "n numeric, r int4range, a inet, s text)");

  const Answer written = client().Query(
      "INSERT INTO many VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *",
      {Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), Json("{\"a\": 1}"),
       Text("2026-01-31"), Text("2026-01-31T12:00:00Z"), Text("1 day"), Text("12.50"),
       Text("[1,5)"), Text("::1"), Text("plain")});

  ASSERT_TRUE(written.ok()) << written.failure;
  EXPECT_EQ(written.at(0, 0).text(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  EXPECT_EQ(written.at(0, 1).json(), "{\"a\": 1}");
  EXPECT_EQ(written.at(0, 2).text(), "2026-01-31");
  EXPECT_EQ(written.at(0, 3).text(), "2026-01-31 12:00:00+00");
  EXPECT_EQ(written.at(0, 4).text(), "1 day");
  EXPECT_EQ(written.at(0, 5).numeric(), "12.50");
  EXPECT_EQ(written.at(0, 6).text(), "[1,5)");
  EXPECT_EQ(written.at(0, 7).text(), "::1");
  EXPECT_EQ(written.at(0, 8).text(), "plain");
  cluster().Sql(0, "DROP TABLE many");
}

TEST_F(ParametersTest, OwnTypesAreReachedByCast) {
  cluster().Sql(0, "CREATE TYPE colour AS ENUM ('red', 'green')");

  const Answer answer = client().Query("SELECT $1::colour", {Text("green")});

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.at(0, 0).text(), "green");
  cluster().Sql(0, "DROP TYPE colour");
}

TEST_F(ParametersTest, TheSameTextWithOtherTypesIsAnotherStatement) {
  // A cache of prepared statements that forgot the types would mix them up.
  EXPECT_EQ(TypeOf(Int(5)), "bigint");
  EXPECT_EQ(TypeOf(As("int4", Int(5))), "integer");
  EXPECT_EQ(TypeOf(Int(6)), "bigint");
}

TEST_F(ParametersTest, AnUnknownTypeNameIsRefusedAndItsParameterNamed) {
  const Answer answer =
      client().Query("SELECT $1, $2", {Int(1), As("nosuch", Text("x"))});

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << answer.failure;
  EXPECT_THAT(answer.failure.field, ::testing::HasSubstr("parameters[1]"));
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
}

TEST_F(ParametersTest, ValuesThatDoNotFitAreRefused) {
  const std::vector<v1::Value> misfits = {
      As("int4", Int(int64_t{1} << 40)),
      As("int2", Int(40000)),
      As("uuid", Text("nope")),
      As("date", Text("2026-02-31")),
      Numeric("12,5"),
      As("jsonb", Json("{")),
      List({Int(1), List({Int(2)})}),
      List({Int(1), Text("x")}),
  };
  for (const v1::Value& misfit : misfits) {
    SCOPED_TRACE(misfit.ShortDebugString());
    const Answer answer = client().Query("SELECT $1", {misfit});
    EXPECT_THAT(answer.failure.code, ::testing::AnyOf(grpc::StatusCode::INVALID_ARGUMENT,
                                                      grpc::StatusCode::OUT_OF_RANGE))
        << answer.failure;
  }
}

TEST_F(ParametersTest, MissingParametersAreTheCallersMistake) {
  const Answer answer = client().Query("SELECT $1::int + $2::int", {Int(1)});

  EXPECT_FALSE(answer.ok());
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
