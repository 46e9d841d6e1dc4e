#include "server/metrics/statement_counters.h"

#include <string>

#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

TEST(StatementCounters, TakeTheFirstWordForTheOperation) {
  struct {
    std::string sql;
    Operation operation;
  } const kCases[] = {
      {"SELECT 1", Operation::kSelect},
      {"select", Operation::kSelect},
      {"  \n\t(SELECT 1) UNION (SELECT 2)", Operation::kSelect},
      {"-- why\n/* not */ Insert INTO t VALUES (1)", Operation::kInsert},
      {"update t set a = 1", Operation::kUpdate},
      {"DELETE FROM t", Operation::kDelete},
      {"MERGE INTO t USING s ON true", Operation::kMerge},
      {"WITH x AS (SELECT 1) INSERT INTO t TABLE x", Operation::kWith},
      {"CALL p()", Operation::kCall},
      {"selection", Operation::kOther},
      {"CREATE TABLE t ()", Operation::kOther},
      {"", Operation::kOther},
      {"/* never closed", Operation::kOther},
      {"-- nothing", Operation::kOther},
      {"/*" + std::string(1000, ' ') + "*/ SELECT 1", Operation::kOther},
      {"\xff\xfe", Operation::kOther},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(OperationOf(c.sql), c.operation) << c.sql;
  }
}

TEST(StatementCounters, KnowAsManyClassesAsThereAreAndNoMore) {
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("23505")), "23");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("00000")), "00");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("XX000")), "XX");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("0A000")), "0A");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("P0001")), "P0");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("")), "none");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("ZZ999")), "other");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("99999")), "other");
  EXPECT_EQ(SqlstateClassName(SqlstateClassOf("2")), "other");
  for (size_t i = 0; i < kNoSqlstate; ++i) {
    const std::string name(SqlstateClassName(i));
    EXPECT_EQ(SqlstateClassOf(name + "000"), i) << name;
  }
}

TEST(StatementCounters, CountErrorsByClassAndCode) {
  StatementCounters counters;
  const absl::Status failure = MakeError(
      absl::StatusCode::kAlreadyExists, "duplicate",
      {.reason = "UNIQUE_VIOLATION", .postgres = PostgresFields{.sqlstate = "23505"}});
  counters.Count({.role = Role::kPrimary,
                  .sql = "INSERT INTO t VALUES (1)",
                  .execute = absl::Milliseconds(4),
                  .status = failure});
  counters.Count({.role = Role::kPrimary,
                  .sql = "INSERT INTO t VALUES (2)",
                  .execute = absl::Milliseconds(4),
                  .rows = 3,
                  .bytes = 40,
                  .status = absl::OkStatus()});

  const StatementCounters::PerPool& primary = counters.of(Role::kPrimary);
  const auto& inserts = primary.times[static_cast<size_t>(Operation::kInsert)];
  EXPECT_EQ(inserts.failed.value().count(), 1u);
  EXPECT_EQ(inserts.ok.value().count(), 1u);
  EXPECT_EQ(primary.errors[SqlstateClassOf("23505")][6].value(), 1u);
  EXPECT_EQ(primary.rows.value(), 3u);
  EXPECT_EQ(primary.bytes.value(), 40u);
  EXPECT_EQ(counters.of(Role::kReplica).rows.value(), 0u);
}

}  // namespace
}  // namespace pgsluice
