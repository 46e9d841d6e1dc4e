#include "pgsluice/client.h"

#include <atomic>
#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/client/fake_gateway.h"

namespace pgsluice::client {
namespace {

using ::pgsluice::testing::FakeGateway;
using ::pgsluice::testing::FillTwoRows;
using ::pgsluice::testing::MakeFailure;

class ClientTest : public ::testing::Test {
 protected:
  FakeGateway gateway_;
  Client client_ = Client::Connect(gateway_.address());
};

TEST_F(ClientTest, QuerySendsStatementParametersAndOptions) {
  gateway_.on_query = [](const v1::QueryRequest&, v1::QueryResponse& response) {
    FillTwoRows(response);
    return grpc::Status::OK;
  };

  auto result = client_.Query("select 1", {5, "x", nullptr, 2.5, true, int64_t{7}},
                              {.intent = Intent::kRead,
                               .statement_timeout = absl::Milliseconds(1500),
                               .tag = "report"});

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->size(), 2u);
  EXPECT_EQ((*result)[0].Get<std::string>("name").value(), "one");
  EXPECT_EQ((*result)[1].Get<std::optional<std::string>>("name").value(), std::nullopt);
  const v1::QueryRequest sent = gateway_.queries().at(0);
  EXPECT_EQ(sent.options().intent(), v1::INTENT_READ);
  EXPECT_EQ(sent.options().statement_timeout().seconds(), 1);
  EXPECT_EQ(sent.options().statement_timeout().nanos(), 500'000'000);
  EXPECT_EQ(sent.options().tag(), "report");
  ASSERT_EQ(sent.statement().parameters_size(), 6);
  EXPECT_EQ(sent.statement().parameters(0).int64(), 5);
  EXPECT_EQ(sent.statement().parameters(0).type(), "int4");
  EXPECT_EQ(sent.statement().parameters(1).text(), "x");
  EXPECT_EQ(sent.statement().parameters(2).kind_case(), v1::Value::KIND_NOT_SET);
  EXPECT_EQ(sent.statement().parameters(3).double_(), 2.5);
  EXPECT_TRUE(sent.statement().parameters(4).bool_());
  EXPECT_EQ(sent.statement().parameters(5).type(), "");
}

TEST_F(ClientTest, UnsetIntentIsAWrite) {
  gateway_.on_query = [](const v1::QueryRequest&, v1::QueryResponse&) {
    return grpc::Status::OK;
  };

  ASSERT_TRUE(client_.Query("select 1").ok());

  EXPECT_EQ(gateway_.queries().at(0).options().intent(), v1::INTENT_WRITE);
}

TEST_F(ClientTest, ANamedStatementHasAnIntentOfItsOwn) {
  gateway_.on_query = [](const v1::QueryRequest&, v1::QueryResponse&) {
    return grpc::Status::OK;
  };

  ASSERT_TRUE(client_.Query(Named{"orders.add"}, {5}).ok());
  ASSERT_TRUE(client_.Query(Named{"orders.of"}, {}, {.intent = Intent::kRead}).ok());

  const v1::QueryRequest sent = gateway_.queries().at(0);
  EXPECT_EQ(sent.statement().name(), "orders.add");
  EXPECT_EQ(sent.statement().sql(), "");
  EXPECT_EQ(sent.statement().parameters(0).int64(), 5);
  EXPECT_EQ(sent.options().intent(), v1::INTENT_UNSPECIFIED);
  EXPECT_EQ(gateway_.queries().at(1).options().intent(), v1::INTENT_READ);
}

TEST_F(ClientTest, AContextMakesReadsSeeTheWritesBefore) {
  gateway_.on_query = [](const v1::QueryRequest& request, v1::QueryResponse& response) {
    if (request.options().intent() == v1::INTENT_WRITE) {
      response.set_token(request.statement().sql());
    }
    return grpc::Status::OK;
  };
  CausalContext context;
  const QueryOptions write = {.context = &context};
  const QueryOptions read = {.intent = Intent::kRead, .context = &context};

  ASSERT_TRUE(client_.Query("select", {}, read).ok());
  auto written = client_.Query("token 2", {}, write);
  ASSERT_TRUE(written.ok());
  ASSERT_TRUE(client_.Query("token 1", {}, write).ok());
  ASSERT_TRUE(client_.Query("select", {}, read).ok());
  QueryOptions strong = read;
  strong.strong = true;
  ASSERT_TRUE(client_.Query("select", {}, strong).ok());

  EXPECT_EQ(written->token(), "token 2");
  EXPECT_EQ(context.token(), "token 2") << "the later one stays";
  const std::vector<v1::QueryRequest> sent = gateway_.queries();
  EXPECT_FALSE(sent.at(0).options().has_freshness()) << "nothing was written yet";
  EXPECT_FALSE(sent.at(1).options().has_freshness()) << "a write needs none";
  EXPECT_EQ(sent.at(3).options().freshness().at_least(), "token 2");
  EXPECT_TRUE(sent.at(4).options().freshness().strong());
  context.Forget();
  EXPECT_TRUE(context.token().empty());
}

TEST_F(ClientTest, AReadSaysHowFreshItMustBe) {
  gateway_.on_query = [](const v1::QueryRequest&, v1::QueryResponse&) {
    return grpc::Status::OK;
  };

  ASSERT_TRUE(client_
                  .Query("select", {},
                         {.intent = Intent::kRead,
                          .max_staleness = absl::Milliseconds(2500),
                          .if_unmet = v1::IF_UNMET_FAIL})
                  .ok());

  const v1::RequestOptions sent = gateway_.queries().at(0).options();
  EXPECT_EQ(sent.freshness().max_staleness().seconds(), 2);
  EXPECT_EQ(sent.freshness().max_staleness().nanos(), 500'000'000);
  EXPECT_EQ(sent.if_unmet(), v1::IF_UNMET_FAIL);
}

TEST_F(ClientTest, FailureCarriesWhatTheGatewaySaid) {
  gateway_.on_query = [](const v1::QueryRequest&, v1::QueryResponse&) {
    return MakeFailure({});
  };

  const absl::Status status = client_.Query("insert").status();

  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  const Error error(status);
  EXPECT_EQ(error.sqlstate(), "23505");
  EXPECT_EQ(error.reason(), "UNIQUE_VIOLATION");
  EXPECT_EQ(error.constraint(), "users_pkey");
  EXPECT_EQ(error.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_FALSE(error.outcome_unknown());
}

TEST_F(ClientTest, SendsAgainWhatTheVerdictAllows) {
  std::atomic<int> calls = 0;
  gateway_.on_query = [&](const v1::QueryRequest&, v1::QueryResponse&) {
    return ++calls < 3 ? MakeFailure({.code = grpc::StatusCode::UNAVAILABLE,
                                      .reason = "NO_ENDPOINT",
                                      .sqlstate = "",
                                      .outcome = v1::OUTCOME_NOT_STARTED,
                                      .scope = v1::RETRY_SCOPE_STATEMENT})
                       : grpc::Status::OK;
  };

  EXPECT_TRUE(client_.Query("insert").ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(ClientTest, NeverSendsAgainWhatMayHaveTakenEffect) {
  std::atomic<int> calls = 0;
  gateway_.on_query = [&](const v1::QueryRequest&, v1::QueryResponse&) {
    ++calls;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection lost");
  };

  const absl::Status status = client_.Query("insert").status();

  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(Error(status).outcome_unknown()) << status;
}

TEST_F(ClientTest, WithAKeySendsAgainEvenThat) {
  std::atomic<int> calls = 0;
  gateway_.on_query = [&](const v1::QueryRequest& request, v1::QueryResponse& response) {
    EXPECT_EQ(request.options().idempotency_key(), "k");
    response.set_replayed(true);
    return ++calls == 1 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection lost")
                        : grpc::Status::OK;
  };

  const auto result = client_.Query("insert", {}, {.idempotency_key = "k"});

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->replayed());
  EXPECT_EQ(calls, 2);
}

TEST_F(ClientTest, WithAKeyAWriteThatRanOutOfTimeMayBeSentAgain) {
  std::atomic<int> calls = 0;
  gateway_.on_query = [&](const v1::QueryRequest&, v1::QueryResponse&) {
    ++calls;
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "too late");
  };

  const absl::Status status =
      client_
          .Query("insert", {},
                 {.timeout = absl::Milliseconds(100), .idempotency_key = "k"})
          .status();

  EXPECT_TRUE(Error(status).outcome_unknown()) << status;
  EXPECT_TRUE(Error(status).same_key_is_safe());
  EXPECT_EQ(Error(status).retry_scope(), v1::RETRY_SCOPE_STATEMENT);
  EXPECT_GE(calls, 1);
}

TEST_F(ClientTest, SendsAReadAgainWithoutAVerdict) {
  std::atomic<int> calls = 0;
  gateway_.on_query = [&](const v1::QueryRequest&, v1::QueryResponse&) {
    return ++calls == 1 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection lost")
                        : grpc::Status::OK;
  };

  EXPECT_TRUE(client_.Query("select 1", {}, {.intent = Intent::kRead}).ok());
  EXPECT_EQ(calls, 2);
}

TEST_F(ClientTest, ACallThatFoundNoGatewayDidNotStart) {
  gateway_.Stop();
  const Client impatient = Client::Connect(
      gateway_.address(),
      {.when_unreachable = WhenUnreachable::kFailFast, .max_attempts = 1});

  const absl::Status status = impatient.Query("insert").status();

  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(Error(status).outcome(), v1::OUTCOME_NOT_STARTED);
}

TEST_F(ClientTest, AWriteThatRanOutOfTimeMayHaveTakenEffect) {
  std::promise<void> has_returned;
  gateway_.on_query = [&](const v1::QueryRequest&, v1::QueryResponse&) {
    has_returned.get_future().wait();
    return grpc::Status::OK;
  };

  const absl::Status status =
      client_.Query("insert", {}, {.timeout = absl::Milliseconds(100)}).status();
  has_returned.set_value();

  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_TRUE(Error(status).outcome_unknown());
}

TEST_F(ClientTest, RefusesRowsThatDoNotAddUp) {
  gateway_.on_query = [](const v1::QueryRequest&, v1::QueryResponse& response) {
    FillTwoRows(response);
    response.mutable_rows(1)->mutable_values()->RemoveLast();
    return grpc::Status::OK;
  };

  EXPECT_TRUE(absl::IsDataLoss(client_.Query("select 1").status()));
}

class StreamTest : public ClientTest {
 protected:
  StreamTest() {
    v1::QueryResponse two_rows;
    FillTwoRows(two_rows);
    v1::StreamQueryResponse header;
    *header.mutable_header()->mutable_columns() = two_rows.columns();
    gateway_.stream_parts.push_back(header);
    for (const v1::Row& row : two_rows.rows()) {
      v1::StreamQueryResponse part;
      *part.mutable_rows()->add_rows() = row;
      part.mutable_rows()->set_row_count(1);
      gateway_.stream_parts.push_back(part);
    }
    v1::StreamQueryResponse trailer;
    trailer.mutable_trailer()->set_row_count(2);
    trailer.mutable_trailer()->set_command_tag("SELECT 2");
    gateway_.stream_parts.push_back(trailer);
  }

  std::vector<int> ReadIds(RowStream& stream) {
    std::vector<int> ids;
    for (Row row : stream) ids.push_back(row.Get<int>("id").value());
    return ids;
  }
};

TEST_F(StreamTest, BringsEveryRowAndTheTrailer) {
  auto stream = client_.StreamQuery("select");

  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(stream->status()));
  EXPECT_EQ(ReadIds(*stream), (std::vector{1, 2}));
  EXPECT_TRUE(stream->status().ok()) << stream->status();
  EXPECT_EQ(stream->trailer().command_tag(), "SELECT 2");
}

TEST_F(StreamTest, WithoutTrailerIsNotAResult) {
  gateway_.stream_parts.pop_back();

  auto stream = client_.StreamQuery("select");

  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(ReadIds(*stream).size(), 2u);
  EXPECT_TRUE(absl::IsDataLoss(stream->status())) << stream->status();
}

TEST_F(StreamTest, TrailerMustAgreeWithTheRows) {
  gateway_.stream_parts.back().mutable_trailer()->set_row_count(3);

  auto stream = client_.StreamQuery("select");

  ASSERT_TRUE(stream.ok());
  ReadIds(*stream);
  EXPECT_TRUE(absl::IsDataLoss(stream->status())) << stream->status();
}

TEST_F(StreamTest, FailureBehindRowsIsTheStatus) {
  gateway_.stream_parts.pop_back();
  gateway_.stream_end = MakeFailure({});

  auto stream = client_.StreamQuery("select");

  ASSERT_TRUE(stream.ok());
  ReadIds(*stream);
  EXPECT_EQ(Error(stream->status()).sqlstate(), "23505");
}

TEST_F(StreamTest, FailureBeforeTheHeaderIsTheCallsStatus) {
  gateway_.stream_parts.clear();
  gateway_.stream_end = MakeFailure({});

  EXPECT_EQ(Error(client_.StreamQuery("select").status()).sqlstate(), "23505");
}

TEST_F(StreamTest, CanBeDroppedEarly) {
  auto stream = client_.StreamQuery("select");
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(stream->Next().has_value());
}

}  // namespace
}  // namespace pgsluice::client
