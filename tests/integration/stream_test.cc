// StreamQuery: complete or not at all, in whole messages, in both encodings.
#include <string>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr uint64_t kManyRows = 1'000'000;
constexpr uint64_t kManyRowsSum = kManyRows * (kManyRows + 1) / 2;
constexpr char kSeries[] = "SELECT i, 'row ' || i AS name FROM generate_series(1, $1) i";

class StreamTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
  }

  static void ExpectAllRows(const StreamAnswer& answer) {
    ASSERT_TRUE(answer.status.ok()) << answer.failure;
    EXPECT_TRUE(answer.is_well_formed);
    ASSERT_TRUE(answer.has_trailer);
    EXPECT_EQ(answer.rows, kManyRows);
    EXPECT_EQ(answer.trailer.row_count(), kManyRows);
    EXPECT_EQ(answer.sum, kManyRowsSum);
    EXPECT_EQ(answer.trailer.command_tag(), "SELECT 1000000");
    EXPECT_LT(answer.largest_message, 200U << 10);
    EXPECT_EQ(answer.header.columns(1).name(), "name");
  }
};

TEST_F(StreamTest, AMillionRowsArriveAsValues) {
  ExpectAllRows(
      client().Stream(MakeStreamQuery(kSeries, {Int(kManyRows)}), absl::Seconds(60)));
}

TEST_F(StreamTest, AMillionRowsArrivePacked) {
  ExpectAllRows(
      client().Stream(MakeStreamQuery(kSeries, {Int(kManyRows)}, v1::ROW_ENCODING_PACKED),
                      absl::Seconds(60)));
}

TEST_F(StreamTest, AnEmptyResultHasHeaderAndTrailer) {
  const StreamAnswer rows = client().Stream(MakeStreamQuery("SELECT 1 AS a WHERE false"));
  const StreamAnswer none = client().Stream(MakeStreamQuery("DO $$ BEGIN END $$"));

  for (const StreamAnswer& answer : {rows, none}) {
    EXPECT_TRUE(answer.status.ok()) << answer.failure;
    EXPECT_TRUE(answer.has_header && answer.has_trailer && answer.is_well_formed);
    EXPECT_EQ(answer.rows, 0U);
  }
  EXPECT_EQ(rows.header.columns_size(), 1);
  EXPECT_EQ(none.header.columns_size(), 0);
}

TEST_F(StreamTest, DmlIsCountedInTheTrailer) {
  cluster().Sql(0, "CREATE TABLE sink (a int)");

  const StreamAnswer answer = client().Stream(MakeStreamQuery(
      "INSERT INTO sink SELECT generate_series(1, 100) RETURNING a::int8"));

  EXPECT_TRUE(answer.status.ok()) << answer.failure;
  EXPECT_EQ(answer.rows, 100U);
  EXPECT_EQ(answer.trailer.rows_affected(), 100U);
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM sink"), "100");
  cluster().Sql(0, "DROP TABLE sink");
}

TEST_F(StreamTest, OneRowLargerThanAMessageIsOneMessage) {
  const StreamAnswer answer = client().Stream(MakeStreamQuery(
      "SELECT i::int8, repeat('x', 1000000) FROM generate_series(1, 3) i"));

  EXPECT_TRUE(answer.status.ok()) << answer.failure;
  EXPECT_EQ(answer.rows, 3U);
  EXPECT_GT(answer.largest_message, 1'000'000U);
}

TEST_F(StreamTest, AnErrorAfterManyRowsEndsTheStreamWithoutATrailer) {
  const StreamAnswer answer = client().Stream(
      MakeStreamQuery("SELECT 1000000 / (100000 - i) FROM generate_series(1, 100000) i"));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::OUT_OF_RANGE) << answer.failure;
  EXPECT_EQ(answer.failure.sqlstate(), "22012");
  EXPECT_GT(answer.rows, 0U);
  EXPECT_FALSE(answer.has_trailer);
}

TEST_F(StreamTest, RowCapsAreRefusedBecauseAStreamHasNone) {
  v1::StreamQueryRequest request = MakeStreamQuery("SELECT 1");
  request.mutable_options()->set_max_rows(5);

  EXPECT_EQ(client().Stream(request).failure.code, grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(StreamTest, AClientThatLeavesStopsTheStatementAndTheSessionComesBack) {
  for (int i = 0; i < 10; ++i) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    const auto reader = client().stub().StreamQuery(
        &context, MakeStreamQuery("SELECT generate_series(1, 50000000), 'left'"));
    v1::StreamQueryResponse part;
    ASSERT_TRUE(reader->Read(&part));

    context.TryCancel();
    while (reader->Read(&part)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }

  EXPECT_TRUE(WaitFor("the statements are gone",
                      [] { return cluster().CountActive(0, "'left'") == 0; }));
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(StreamTest, RouteAndTimingComeOnRequest) {
  v1::StreamQueryRequest request = MakeStreamQuery("SELECT 1");
  request.mutable_options()->set_report(true);

  const StreamAnswer answer = client().Stream(request);

  EXPECT_EQ(answer.header.route().endpoint(), "server0");
  EXPECT_TRUE(answer.trailer.has_timing());
}

}  // namespace
}  // namespace pgsluice::testing
