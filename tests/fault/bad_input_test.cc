// Requests that cannot work: each gets a clear error, takes no session and leaves
// nothing behind.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using std::string_literals::operator""s;

class BadInputTest : public FaultTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
    ASSERT_TRUE(client().Query("SELECT 1").ok());
    acquired_ = Acquired();
  }
  void TearDown() override {
    EXPECT_TRUE(client().Query("SELECT 1").ok());
    FaultTest::TearDown();
  }
  uint64_t Acquired() {
    return PoolOf(client().PoolStats(), "server0").counters().acquired();
  }
  void ExpectInvalid(const Answer& answer, const std::string& field) {
    EXPECT_EQ(answer.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << answer.failure;
    EXPECT_THAT(answer.failure.field, HasSubstr(field));
    EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
    EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
    EXPECT_EQ(Acquired(), acquired_) << "a session was taken";
  }

  uint64_t acquired_ = 0;
};

TEST_F(BadInputTest, NulBytesInTextAreRefusedAndNeverCutShort) {
  for (const v1::Value& value :
       {Text("ab\0cd"s), Json("\"a\0b\""s), Numeric("1\0002"s), List({Text("a\0b"s)})}) {
    SCOPED_TRACE(value.ShortDebugString());
    ExpectInvalid(client().Query("SELECT $1", {value}), "parameters[0]");
  }
}

TEST_F(BadInputTest, NulBytesInSqlAreRefused) {
  ExpectInvalid(client().Query("SELECT 1\0; DROP TABLE x"s), "sql");
}

TEST_F(BadInputTest, NulBytesInByteaAreFine) {
  const Answer answer = client().Query("SELECT length($1), $1", {Bytes("ab\0cd"s)});

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.at(0, 0).int64(), 5);
  EXPECT_EQ(answer.at(0, 1).bytes(), "ab\0cd"s);
}

TEST_F(BadInputTest, BadUtf8IsRefused) {
  // Our own protobuf complains on stderr and sends them all the same.
  for (const std::string& text : {"\xff"s, "a\xc3"s, "\xed\xa0\x80"s, "\xc0\x80"s}) {
    const Answer answer = client().Query("SELECT $1::text", {Text(text)});
    EXPECT_THAT(answer.failure.code,
                AnyOf(grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::INTERNAL))
        << answer.failure;
    EXPECT_FALSE(answer.failure.message.empty());
    EXPECT_EQ(Acquired(), acquired_);
  }
}

TEST_F(BadInputTest, MoreParametersThanTheProtocolAllowsAreRefused) {
  const std::vector<v1::Value> too_many(65'536, Int(1));
  ExpectInvalid(client().Query("SELECT 1", too_many), "parameters");

  const std::vector<v1::Value> most(65'535, Int(21));
  const Answer answer = client().Query("SELECT $1 + $65535", most);
  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.at(0, 0).int64(), 42);
}

TEST_F(BadInputTest, AGiganticRequestIsRefused) {
  const Answer answer = client().Query("SELECT $1", {Bytes(std::string(5 << 20, 'x'))});
  const Answer huge = client().Query("SELECT $1", {Bytes(std::string(200 << 20, 'x'))});

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << answer.failure;
  EXPECT_FALSE(answer.failure.message.empty());
  EXPECT_EQ(huge.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << huge.failure;
  EXPECT_EQ(Acquired(), acquired_);
}

TEST_F(BadInputTest, AStatementThatIsTooLongIsRefused) {
  ExpectInvalid(client().Query("SELECT '" + std::string(1 << 20, 'x') + "'"), "sql");
}

TEST_F(BadInputTest, DeeplyNestedListsAreRefused) {
  v1::Value value = Int(1);
  for (int depth = 0; depth < 40; ++depth) value = List({value});

  const Answer answer = client().Query("SELECT $1", {value});

  EXPECT_FALSE(answer.ok());
  EXPECT_EQ(Acquired(), acquired_);
}

TEST_F(BadInputTest, AnEmptyRequestIsRefused) {
  ExpectInvalid(client().Query(v1::QueryRequest()), "");
  EXPECT_EQ(client().Stream(v1::StreamQueryRequest()).failure.code,
            grpc::StatusCode::INVALID_ARGUMENT);
  TransactionStream transaction(client());
  transaction.Ask(v1::TransactionRequest());
  EXPECT_THAT(transaction.Finish().code, AnyOf(grpc::StatusCode::INVALID_ARGUMENT,
                                               grpc::StatusCode::FAILED_PRECONDITION));
}

TEST_F(BadInputTest, BadInputInsideATransactionIsToldAndTheTransactionCanBeEnded) {
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());

  const v1::TransactionResponse response =
      transaction.Execute("SELECT $1", {Text("ab\0cd"s)});

  ASSERT_TRUE(response.has_statement_error()) << response.ShortDebugString();
  EXPECT_EQ(Explain(response.statement_error()).code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(transaction.Rollback().has_rolled_back());
  transaction.Finish();
}

}  // namespace
}  // namespace pgsluice::testing
