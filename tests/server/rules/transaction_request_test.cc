#include "server/transaction_request.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using Machine = TransactionMachine::Request;

constexpr StatementLimits kLimits = {.max_sql_bytes = 100, .max_parameters = 10};

TEST(TransactionRequestTest, EveryRequestHasItsKindAndStatement) {
  struct Case {
    v1::TransactionRequest request;
    Machine kind;
    std::string_view sql;  // Empty: it sends none of its own.
  };
  std::vector<Case> cases(7);
  cases[0].request.mutable_execute()->mutable_statement()->set_sql("SELECT 1");
  cases[0].kind = Machine::kExecute;
  cases[0].sql = "SELECT 1";
  cases[1].request.mutable_query()->mutable_statement()->set_sql("SELECT 2");
  cases[1].kind = Machine::kQuery;
  cases[1].sql = "SELECT 2";
  cases[2].request.mutable_savepoint()->set_name("s");
  cases[2].kind = Machine::kSavepoint;
  cases[2].sql = "SAVEPOINT \"s\"";
  cases[3].request.mutable_rollback_to()->set_name("s");
  cases[3].kind = Machine::kRollbackTo;
  cases[3].sql = "ROLLBACK TO SAVEPOINT \"s\"";
  cases[4].request.mutable_release()->set_name("s");
  cases[4].kind = Machine::kRelease;
  cases[4].sql = "RELEASE SAVEPOINT \"s\"";
  cases[5].request.mutable_commit();
  cases[5].kind = Machine::kCommit;
  cases[6].request.mutable_rollback();
  cases[6].kind = Machine::kRollback;

  for (const Case& c : cases) {
    SCOPED_TRACE(c.request.ShortDebugString());
    const absl::StatusOr<SourcedStatement> sourced = StatementOf(c.request, kLimits);
    EXPECT_EQ(KindOf(c.request), c.kind);
    ASSERT_EQ(sourced.ok(), !c.sql.empty());
    if (sourced.ok()) {
      EXPECT_EQ(sourced->statement.sql, c.sql);
    }
  }
}

TEST(TransactionRequestTest, StatementsAreCheckedAgainstTheLimits) {
  v1::TransactionRequest request;
  request.mutable_query()->mutable_statement()->set_sql(std::string(101, ' '));

  EXPECT_EQ(StatementOf(request, kLimits).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pgsluice
