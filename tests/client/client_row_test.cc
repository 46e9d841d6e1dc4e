#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pgsluice/client/row.h"
#include "pgsluice/client/row_block.h"

namespace pgsluice::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const Columns> MakeColumns(
    std::initializer_list<std::pair<const char*, const char*>> names_and_types) {
  google::protobuf::RepeatedPtrField<v1::Column> columns;
  for (const auto& [name, type] : names_and_types) {
    v1::Column* column = columns.Add();
    column->set_name(name);
    column->set_type_name(type);
  }
  return std::make_shared<const Columns>(columns);
}

RowBlock OneRow(std::shared_ptr<const Columns> columns, std::vector<v1::Value> values) {
  v1::StreamRows message;
  v1::Row* row = message.add_rows();
  for (v1::Value& value : values) *row->add_values() = std::move(value);
  message.set_row_count(1);
  return RowBlock::Make(std::move(columns), std::move(message)).value();
}

RowBlock OnePackedRow(std::shared_ptr<const Columns> columns,
                      const std::vector<std::optional<std::string>>& cells) {
  v1::StreamRows message;
  for (const auto& cell : cells) {
    message.mutable_packed()->add_lengths(cell.has_value() ? cell->size() : -1);
    if (cell.has_value()) *message.mutable_packed()->mutable_data() += *cell;
  }
  message.set_row_count(1);
  return RowBlock::Make(std::move(columns), std::move(message)).value();
}

v1::Value Of(Parameter parameter) { return std::move(parameter).ToProto(); }

TEST(RowTest, ReadsByNameAndByPosition) {
  RowBlock block =
      OneRow(MakeColumns({{"id", "int8"}, {"ok", "bool"}}), {Of(5), Of(true)});

  EXPECT_EQ(block[0].Get<int64_t>("id").value(), 5);
  EXPECT_EQ(block[0].Get<int64_t>(0).value(), 5);
  EXPECT_TRUE(block[0].Get<bool>("ok").value());
}

TEST(RowTest, NullNeedsAnOptional) {
  RowBlock block = OneRow(MakeColumns({{"id", "int8"}}), {Of(nullptr)});

  EXPECT_EQ(block[0].Get<std::optional<int64_t>>("id").value(), std::nullopt);
  EXPECT_THAT(std::string(block[0].Get<int64_t>("id").status().message()),
              "column 0 \"id\" (int8) is NULL: read it as std::optional");
  EXPECT_THAT(std::string(block[0].Get<std::string>("id").status().message()),
              HasSubstr("is NULL"));
}

TEST(RowTest, RefusesTheWrongTypeByName) {
  RowBlock block = OneRow(MakeColumns({{"price", "numeric"}}), {Of(Numeric{"12.50"})});

  EXPECT_EQ(std::string(block[0].Get<double>("price").status().message()),
            "column 0 \"price\" (numeric) holds numeric, not readable as double");
  EXPECT_EQ(block[0].Get<Numeric>("price").value().value, "12.50");
  EXPECT_EQ(block[0].Get<std::string>("price").value(), "12.50");
}

TEST(RowTest, RefusesIntegersThatDoNotFit) {
  RowBlock block = OneRow(MakeColumns({{"n", "int8"}}), {Of(int64_t{1} << 40)});

  EXPECT_TRUE(absl::IsOutOfRange(block[0].Get<int32_t>("n").status()));
  EXPECT_EQ(block[0].Get<uint64_t>("n").value(), uint64_t{1} << 40);
}

TEST(RowTest, NegativeIsNotUnsigned) {
  RowBlock block = OneRow(MakeColumns({{"n", "int8"}}), {Of(-1)});

  EXPECT_TRUE(absl::IsOutOfRange(block[0].Get<uint64_t>("n").status()));
  EXPECT_TRUE(absl::IsOutOfRange(block[0].Get<uint32_t>("n").status()));
}

TEST(RowTest, UnknownNameListsTheKnown) {
  RowBlock block = OneRow(MakeColumns({{"a", "int8"}, {"b", "int8"}}), {Of(1), Of(2)});

  EXPECT_THAT(std::string(block[0].Get<int>("c").status().message()), HasSubstr("a, b"));
  EXPECT_TRUE(absl::IsOutOfRange(block[0].Get<int>(2).status()));
  EXPECT_TRUE(absl::IsOutOfRange(block[0].Get<std::string>(2).status()));
}

TEST(RowTest, ANameBorneTwiceIsRefused) {
  RowBlock block = OneRow(MakeColumns({{"a", "int8"}, {"a", "int8"}}), {Of(1), Of(2)});

  EXPECT_TRUE(absl::IsInvalidArgument(block[0].Get<int>("a").status()));
}

TEST(RowTest, ReadsArraysAndTimes) {
  RowBlock block =
      OneRow(MakeColumns({{"tags", "_text"}, {"grid", "_int4"}, {"at", "timestamptz"}}),
             {Of(std::vector<std::optional<std::string>>{"a", std::nullopt}),
              Of(std::vector<std::vector<int>>{{1, 2}, {3, 4}}),
              Of("2026-01-31 12:00:00.5+01")});

  EXPECT_THAT(block[0].Get<std::vector<std::optional<std::string>>>("tags").value(),
              ElementsAre("a", std::nullopt));
  EXPECT_THAT(block[0].Get<std::vector<std::vector<int>>>("grid").value(),
              ElementsAre(ElementsAre(1, 2), ElementsAre(3, 4)));
  EXPECT_EQ(block[0].Get<std::string>("grid").value(), "{{1,2},{3,4}}");
  EXPECT_EQ(
      block[0].Get<absl::Time>("at").value(),
      absl::FromCivil(absl::CivilSecond(2026, 1, 31, 11, 0, 0), absl::UTCTimeZone()) +
          absl::Milliseconds(500));
}

TEST(RowTest, TextIsPostgresOwn) {
  RowBlock block =
      OneRow(MakeColumns({{"f4", "float4"},
                          {"f8", "float8"},
                          {"big", "float8"},
                          {"raw", "bytea"},
                          {"t", "_text"},
                          {"inf", "float8"}}),
             {Of(0.1f), Of(100000.0), Of(1e20), Of(Bytes{std::string("\0\xff", 2)}),
              Of(std::vector<std::string>{"a b", "", "null", "q\"\\"}),
              Of(-std::numeric_limits<double>::infinity())});

  EXPECT_EQ(block[0].Text(0), "0.1");
  EXPECT_EQ(block[0].Text(1), "100000");
  EXPECT_EQ(block[0].Text(2), "1e+20");
  EXPECT_EQ(block[0].Text(3), "\\x00ff");
  EXPECT_EQ(block[0].Text(4), R"({"a b","","null","q\"\\"})");
  EXPECT_EQ(block[0].Text(5), "-Infinity");
}

TEST(RowTest, PackedCellsReadAsTheirTypes) {
  RowBlock block = OnePackedRow(MakeColumns({{"b", "bool"},
                                             {"i", "int8"},
                                             {"f", "float8"},
                                             {"n", "numeric"},
                                             {"raw", "bytea"},
                                             {"d", "date"},
                                             {"none", "int4"},
                                             {"empty", "text"}}),
                                {"t", "-9223372036854775808", "NaN", "1.10", "\\x00ff",
                                 "2026-01-31", std::nullopt, ""});
  Row row = block[0];

  EXPECT_TRUE(row.Get<bool>("b").value());
  EXPECT_EQ(row.Get<int64_t>("i").value(), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(std::isnan(row.Get<double>("f").value()));
  EXPECT_EQ(row.Get<Numeric>("n").value().value, "1.10");
  EXPECT_EQ(row.Get<Bytes>("raw").value().value, std::string("\0\xff", 2));
  EXPECT_EQ(row.Get<std::string>("d").value(), "2026-01-31");
  EXPECT_TRUE(row.IsNull(6));
  EXPECT_EQ(row.Get<std::optional<int>>("none").value(), std::nullopt);
  EXPECT_EQ(row.Get<std::string>("empty").value(), "");
}

TEST(RowTest, PackedLengthsMustAddUp) {
  v1::StreamRows message;
  message.mutable_packed()->add_lengths(5);
  message.mutable_packed()->set_data("four");
  message.set_row_count(1);

  EXPECT_TRUE(absl::IsDataLoss(
      RowBlock::Make(MakeColumns({{"a", "text"}}), std::move(message)).status()));
}

TEST(ParameterTest, NumbersKeepTheirWidth) {
  EXPECT_EQ(Of(int16_t{1}).type(), "int4");
  EXPECT_EQ(Of(int64_t{1}).type(), "");
  EXPECT_EQ(Of(uint32_t{4000000000}).int64(), 4000000000);
  EXPECT_EQ(Of(uint32_t{1}).type(), "");
  EXPECT_EQ(Of(std::numeric_limits<uint64_t>::max()).numeric(), "18446744073709551615");
  EXPECT_EQ(Of(1.5f).type(), "float4");
  EXPECT_EQ(Of(std::vector<int>{}).type(), "int4[]");
  EXPECT_EQ(Of(std::vector<std::string>{"x"}).type(), "");
  EXPECT_EQ(Of(Parameter("5").As("int4")).type(), "int4");
  EXPECT_EQ(Of(absl::UnixEpoch()).text(), "1970-01-01 00:00:00.000000+00");
}

}  // namespace
}  // namespace pgsluice::client
