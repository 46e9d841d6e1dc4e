#include "server/convert/row_encoder.h"

#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"
#include "server/convert/result_to_proto.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr ResultLimits kWide = {.max_rows = 1000, .max_bytes = 1'000'000};

std::vector<ColumnInfo> Columns() {
  return {{.name = "id", .type_oid = 23, .table_oid = 16400, .table_column = 1},
          {.name = "caf\xE9", .type_oid = 16999, .type_modifier = 7}};
}

class Cells final {
 public:
  Cells(std::initializer_list<std::optional<std::string_view>> texts) {
    for (const auto& text : texts) {
      cells_.push_back(text ? Cell{text->data(), static_cast<int32_t>(text->size())}
                            : Cell{});
    }
  }
  operator std::span<const Cell>() const { return cells_; }

 private:
  std::vector<Cell> cells_;
};

TEST(QueryRows, FillsValues) {
  v1::QueryResponse response;
  QueryRows rows(v1::ROW_ENCODING_UNSPECIFIED, kWide, response);
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  EXPECT_EQ(*rows.OnRow(Cells{"1", "a"}), SinkState::kMore);
  EXPECT_EQ(*rows.OnRow(Cells{"2", std::nullopt}), SinkState::kMore);

  EXPECT_EQ(response.row_count(), 2u);
  ASSERT_EQ(response.rows_size(), 2);
  EXPECT_FALSE(response.has_packed());
  EXPECT_EQ(response.rows(0).values(0).int64(), 1);
  EXPECT_EQ(response.rows(0).values(1).text(), "a");
  EXPECT_EQ(response.rows(1).values(1).kind_case(), v1::Value::kNull);
}

TEST(QueryRows, DescribesColumns) {
  v1::QueryResponse response;
  QueryRows rows(v1::ROW_ENCODING_VALUES, kWide, response);
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  ASSERT_EQ(response.columns_size(), 2);
  EXPECT_EQ(response.columns(0).type_name(), "int4");
  EXPECT_EQ(response.columns(0).table_oid(), 16400u);
  EXPECT_EQ(response.columns(0).table_column(), 1);
  EXPECT_EQ(response.columns(0).type_modifier(), -1);
  EXPECT_EQ(response.columns(1).name(), "caf?");
  EXPECT_EQ(response.columns(1).type_name(), "");
  EXPECT_EQ(response.columns(1).type_oid(), 16999u);
  EXPECT_EQ(response.columns(1).type_modifier(), 7);
}

TEST(QueryRows, FillsPacked) {
  v1::QueryResponse response;
  QueryRows rows(v1::ROW_ENCODING_PACKED, kWide, response);
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  ASSERT_TRUE(rows.OnRow(Cells{"10", ""}).ok());
  ASSERT_TRUE(rows.OnRow(Cells{std::nullopt, "caf\xE9"}).ok());

  EXPECT_EQ(response.rows_size(), 0);
  EXPECT_EQ(response.row_count(), 2u);
  EXPECT_THAT(response.packed().lengths(), ElementsAre(2, 0, -1, 4));
  EXPECT_EQ(response.packed().data(), "10caf\xE9");
}

TEST(QueryRows, LeavesPackedUnsetWithoutColumns) {
  v1::QueryResponse response;
  QueryRows rows(v1::ROW_ENCODING_PACKED, kWide, response);
  ASSERT_TRUE(rows.OnColumns({}).ok());
  EXPECT_FALSE(response.has_packed());
}

TEST(QueryRows, RefusesOneRowTooMany) {
  for (const auto encoding : {v1::ROW_ENCODING_VALUES, v1::ROW_ENCODING_PACKED}) {
    v1::QueryResponse response;
    QueryRows rows(encoding, {.max_rows = 2, .max_bytes = 1000}, response);
    ASSERT_TRUE(rows.OnColumns(Columns()).ok());
    ASSERT_TRUE(rows.OnRow(Cells{"1", "a"}).ok());
    ASSERT_TRUE(rows.OnRow(Cells{"2", "a"}).ok());
    const absl::Status status = rows.OnRow(Cells{"3", "a"}).status();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("max_rows"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("StreamQuery"));
    EXPECT_EQ(response.row_count(), 2u);
  }
}

TEST(QueryRows, RefusesOneByteTooMany) {
  // Two cells and a row: 6 bytes beside the text.
  for (const auto& [max_bytes, is_ok] : {std::pair{15u, false}, std::pair{16u, true}}) {
    v1::QueryResponse response;
    QueryRows rows(v1::ROW_ENCODING_VALUES, {.max_rows = 9, .max_bytes = max_bytes},
                   response);
    ASSERT_TRUE(rows.OnColumns(Columns()).ok());
    const absl::Status status = rows.OnRow(Cells{"12345", "abcde"}).status();
    EXPECT_EQ(status.ok(), is_ok) << status;
    if (!is_ok) {
      EXPECT_THAT(std::string(status.message()), HasSubstr("max_bytes"));
    }
  }
}

TEST(QueryRows, CountsNullsAgainstTheLimitInBytes) {
  v1::QueryResponse response;
  QueryRows rows(v1::ROW_ENCODING_PACKED, {.max_rows = 1000, .max_bytes = 60}, response);
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(rows.OnRow(Cells{std::nullopt, std::nullopt}).ok());
  }
  EXPECT_FALSE(rows.OnRow(Cells{std::nullopt, std::nullopt}).ok());
}

TEST(QueryRows, StartsAnewWithTheColumns) {
  v1::QueryResponse response;
  QueryRows rows(v1::ROW_ENCODING_PACKED, {.max_rows = 1, .max_bytes = 20}, response);
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  ASSERT_TRUE(rows.OnRow(Cells{"1", "old"}).ok());
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  ASSERT_TRUE(rows.OnRow(Cells{"2", "new"}).ok());
  EXPECT_EQ(response.row_count(), 1u);
  EXPECT_EQ(response.packed().data(), "2new");
  EXPECT_EQ(response.columns_size(), 2);
}

TEST(StreamRowsBuilder, IsFullNearItsTarget) {
  for (const auto encoding : {v1::ROW_ENCODING_VALUES, v1::ROW_ENCODING_PACKED}) {
    StreamRowsBuilder builder(encoding);
    EXPECT_FALSE(builder.has_columns());
    ASSERT_TRUE(builder.OnColumns(Columns()).ok());
    EXPECT_TRUE(builder.has_columns());
    EXPECT_EQ(builder.columns().size(), 2);

    const std::string text(1000, 'x');
    v1::StreamRows rows;
    for (uint64_t total : {66u, 132u, 198u}) {
      while (*builder.OnRow(Cells{"1", text}) == SinkState::kMore) {
      }
      EXPECT_EQ(builder.total_rows(), total);
      EXPECT_TRUE(builder.has_rows());
      builder.TakeRows(rows);
      EXPECT_FALSE(builder.has_rows());
      EXPECT_EQ(rows.row_count(), 66u);
      EXPECT_GE(rows.ByteSizeLong(), StreamRowsBuilder::kTargetBytes);
      EXPECT_LE(rows.ByteSizeLong(), StreamRowsBuilder::kTargetBytes + 2048);
    }
  }
}

TEST(StreamRowsBuilder, NeverMixesOldRowsIntoNewOnes) {
  StreamRowsBuilder values(v1::ROW_ENCODING_VALUES);
  StreamRowsBuilder packed(v1::ROW_ENCODING_PACKED);
  v1::StreamRows from_values;
  v1::StreamRows from_packed;
  ASSERT_TRUE(values.OnColumns(Columns()).ok());
  ASSERT_TRUE(packed.OnColumns(Columns()).ok());
  for (const std::string_view id : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(values.OnRow(Cells{id, std::nullopt}).ok());
    ASSERT_TRUE(packed.OnRow(Cells{id, std::nullopt}).ok());
    values.TakeRows(from_values);
    packed.TakeRows(from_packed);
    ASSERT_EQ(from_values.rows_size(), 1);
    ASSERT_EQ(from_values.rows(0).values_size(), 2);
    EXPECT_EQ(std::to_string(from_values.rows(0).values(0).int64()), id);
    EXPECT_FALSE(from_values.has_packed());
    EXPECT_EQ(from_packed.packed().data(), id);
    EXPECT_THAT(from_packed.packed().lengths(), ElementsAre(1, -1));
    EXPECT_EQ(from_packed.rows_size(), 0);
  }
}

TEST(StreamRowsBuilder, TakesARowLargerThanItsTarget) {
  StreamRowsBuilder builder(v1::ROW_ENCODING_VALUES);
  ASSERT_TRUE(builder.OnColumns(Columns()).ok());
  const std::string text(1'000'000, 'x');
  EXPECT_EQ(*builder.OnRow(Cells{"1", text}), SinkState::kFull);
  v1::StreamRows rows;
  builder.TakeRows(rows);
  EXPECT_EQ(rows.rows(0).values(1).text(), text);
}

TEST(StreamRowsBuilder, StopsAtLimitsOfTheWholeResult) {
  StreamRowsBuilder rows(v1::ROW_ENCODING_VALUES, StreamRowsBuilder::kTargetBytes,
                         {.max_rows = 2});
  ASSERT_TRUE(rows.OnColumns(Columns()).ok());
  v1::StreamRows taken;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(rows.OnRow(Cells{"1", "x"}).ok());
    rows.TakeRows(taken);
  }
  EXPECT_EQ(rows.OnRow(Cells{"1", "x"}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rows.total_rows(), 2u);

  const std::string text(100, 'x');
  StreamRowsBuilder bytes(v1::ROW_ENCODING_PACKED, StreamRowsBuilder::kTargetBytes,
                          {.max_bytes = 150});
  ASSERT_TRUE(bytes.OnColumns(Columns()).ok());
  ASSERT_TRUE(bytes.OnRow(Cells{"1", text}).ok());
  EXPECT_EQ(bytes.OnRow(Cells{"1", text}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ResultToProto, LimitsNotices) {
  CommandResult command;
  command.command_tag = "INSERT 0 3";
  command.rows_affected = 3;
  command.notices.resize(20, {"NOTICE", "00000", std::string(2000, 'n')});
  v1::QueryResponse response;
  CommandToProto(command, response);
  EXPECT_EQ(response.command_tag(), "INSERT 0 3");
  EXPECT_EQ(response.rows_affected(), 3u);
  ASSERT_EQ(response.notices_size(), 16);
  EXPECT_EQ(response.notices(0).message().size(), 1024u);

  v1::StreamTrailer trailer;
  CommandToProto(command, 7, trailer);
  EXPECT_EQ(trailer.row_count(), 7u);
  EXPECT_EQ(trailer.notices_size(), 16);
}

}  // namespace
}  // namespace pgsluice
