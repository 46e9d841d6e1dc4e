// Tokens: every write brings one, and what is none is refused.
#include <string>

#include "tests/integration/freshness_fixture.h"

namespace pgsluice::testing {
namespace {

class TokenTest : public FreshnessTest {};

TEST_F(TokenTest, EveryKindOfWriteComesWithATokenThatMakesAReadSeeIt) {
  StartGateway({"idempotency.enabled=true"});
  int64_t written = 0;
  std::string last;
  const auto expect_seen = [&](const char* kind, const std::string& token) {
    SCOPED_TRACE(kind);
    ASSERT_EQ(token.size(), kTokenBytes);
    EXPECT_GT(token, last) << "it is later than the one before";
    last = token;
    ExpectCount(client().Query(AtLeast(token, v1::IF_UNMET_WAIT)), ++written);
  };
  const char kInsert[] = "INSERT INTO notes VALUES ('x')";

  // Twice: the second time it is prepared.
  for (int i = 0; i < 3; ++i) {
    expect_seen("Query", client().Query(kInsert).response.token());
  }
  expect_seen("StreamQuery", client().Stream(MakeStreamQuery(kInsert)).trailer.token());
  v1::QueryRequest resolved = MakeQuery(kInsert);
  resolved.mutable_options()->set_resolve_commit(true);
  expect_seen("Query with resolve_commit", client().Query(resolved).response.token());
  v1::QueryRequest keyed = MakeQuery(kInsert);
  keyed.mutable_options()->set_idempotency_key("freshness-1");
  expect_seen("Query with a key", client().Query(keyed).response.token());
  // Nothing is written anew, but what was is behind the token.
  const v1::QueryResponse replayed = client().Query(keyed).response;
  EXPECT_TRUE(replayed.replayed());
  --written;
  expect_seen("replayed", replayed.token());
  for (const v1::BatchMode mode : {v1::BATCH_MODE_ATOMIC, v1::BATCH_MODE_INDEPENDENT}) {
    v1::BatchRequest batch;
    batch.set_mode(mode);
    batch.add_steps()->mutable_statement()->set_sql(kInsert);
    batch.add_steps()->mutable_statement()->set_sql("SELECT 1");
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::BatchResponse response;
    ASSERT_TRUE(client().stub().Batch(&context, batch, &response).ok());
    expect_seen(v1::BatchMode_Name(mode).c_str(), response.token());
  }
  for (const bool is_one_turn : {false, true}) {
    TransactionStream transaction(client());
    transaction.Begin();
    v1::TransactionRequest execute = MakeExecute(kInsert);
    execute.set_then_commit(is_one_turn);
    EXPECT_TRUE(transaction.Ask(execute).has_result());
    const v1::TransactionResponse committed =
        is_one_turn ? *transaction.Receive() : transaction.Commit();
    transaction.Finish();
    expect_seen(is_one_turn ? "then_commit" : "commit", committed.committed().token());
  }
  EXPECT_TRUE(client().Read("SELECT 1").response.token().empty()) << "not a write";
}

TEST_F(TokenTest, AFailedStepOfAnIndependentBatchTakesNoTokenFromTheOthers) {
  StartGateway();
  v1::BatchRequest batch;
  batch.set_mode(v1::BATCH_MODE_INDEPENDENT);
  batch.add_steps()->mutable_statement()->set_sql("INSERT INTO notes VALUES ('x')");
  batch.add_steps()->mutable_statement()->set_sql("SELECT 1/0");
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchResponse response;

  ASSERT_TRUE(client().stub().Batch(&context, batch, &response).ok());

  EXPECT_TRUE(response.results(1).has_error());
  ExpectCount(client().Query(AtLeast(response.token(), v1::IF_UNMET_WAIT)), 1);
}

TEST_F(TokenTest, WithoutTokensThereAreNone) {
  StartGateway({"routing.write_tokens=false"});

  const Answer answer = client().Query("INSERT INTO notes VALUES ('x')");

  EXPECT_TRUE(answer.ok());
  EXPECT_TRUE(answer.response.token().empty());
}

TEST_F(TokenTest, WhatIsNoTokenIsRefusedByName) {
  StartGateway();
  const std::string good = Write("a");
  const std::string rubbish[] = {"", "rubbish", good.substr(1), good + good,
                                 std::string(kTokenBytes, 'x')};
  for (const std::string& token : rubbish) {
    const Answer answer = client().Query(AtLeast(token));
    EXPECT_EQ(answer.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << answer.failure;
    EXPECT_EQ(answer.failure.field, "options.freshness.at_least");
  }
  WriteToken foreign = *DecodeToken(good);
  ++foreign.system_identifier;
  const Answer other = client().Query(AtLeast(EncodeToken(foreign)));
  WriteToken ahead = *DecodeToken(good);
  ++ahead.position.timeline;
  const Answer later =
      client().Query(AtLeast(EncodeToken(ahead), v1::IF_UNMET_PRIMARY), absl::Seconds(4));
  const Answer negative =
      client().Query(MaxStaleness(-absl::Seconds(1), v1::IF_UNMET_FAIL));

  EXPECT_EQ(other.failure.code, grpc::StatusCode::FAILED_PRECONDITION) << other.failure;
  EXPECT_EQ(other.failure.reason, "TOKEN_OF_ANOTHER_CLUSTER");
  EXPECT_EQ(other.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
  EXPECT_EQ(later.failure.code, grpc::StatusCode::UNAVAILABLE) << later.failure;
  EXPECT_EQ(later.failure.reason, "TOKEN_AHEAD");
  EXPECT_EQ(negative.failure.field, "options.freshness.max_staleness");
  EXPECT_EQ(FreshReads().tokens_refused(), 1u);
}

}  // namespace
}  // namespace pgsluice::testing
