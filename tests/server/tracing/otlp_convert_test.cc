#include "server/tracing/otlp_convert.h"

#include "gtest/gtest.h"

#include "tests/testing/otlp_receiver.h"

namespace pgsluice {
namespace {

using opentelemetry::proto::trace::v1::Status;
using testing::AttributeOf;
using testing::HexText;
using testing::OtlpSpan;

constexpr absl::Time kBegun = absl::FromUnixSeconds(1000);

SpanQueue::Batch BatchOf(Span span) {
  TracedCall call{.trace_state = "a=b"};
  call.trace_id.bytes = {1, 2, 3};
  call.spans.push_back(std::move(span));
  SpanQueue::Batch batch;
  batch.push_back(std::move(call));
  return batch;
}

Span SomeSpan() {
  Span span{.name = "execute",
            .kind = SpanKind::kClient,
            .begun = kBegun,
            .ended = kBegun + absl::Milliseconds(5)};
  span.id.bytes = {4};
  span.parent.bytes = {5};
  return span;
}

OtlpSpan Converted(Span span, const EndpointPlaces& places = {}) {
  return ToOtlp(BatchOf(std::move(span)), {}, places)
      .resource_spans(0)
      .scope_spans(0)
      .spans(0);
}

TEST(OtlpConvertTest, ASpanKeepsItsIdsAndTimes) {
  const OtlpSpan span = Converted(SomeSpan());

  EXPECT_EQ(HexText(span.trace_id()), "01020300000000000000000000000000");
  EXPECT_EQ(HexText(span.span_id()), "0400000000000000");
  EXPECT_EQ(HexText(span.parent_span_id()), "0500000000000000");
  EXPECT_EQ(span.trace_state(), "a=b");
  EXPECT_EQ(span.name(), "execute");
  EXPECT_EQ(span.kind(), OtlpSpan::SPAN_KIND_CLIENT);
  EXPECT_EQ(span.start_time_unix_nano(), 1000'000'000'000u);
  EXPECT_EQ(span.end_time_unix_nano(), 1000'005'000'000u);
  EXPECT_FALSE(span.has_status());
}

TEST(OtlpConvertTest, ATracesFirstSpanHasNoParent) {
  Span span = SomeSpan();
  span.parent = {};
  EXPECT_EQ(Converted(span).parent_span_id(), "");
  EXPECT_EQ(Converted(span).flags(), 0x101u);

  span.has_remote_parent = true;
  EXPECT_EQ(Converted(span).flags(), 0x301u);
}

TEST(OtlpConvertTest, AFailureIsAStatusWithoutAText) {
  Span span = SomeSpan();
  span.status = SpanStatus::kError;

  EXPECT_EQ(Converted(span).status().code(), Status::STATUS_CODE_ERROR);
  EXPECT_EQ(Converted(span).status().message(), "");
}

TEST(OtlpConvertTest, NoSpanEndsBeforeItBegins) {
  Span span = SomeSpan();
  span.ended = kBegun - absl::Seconds(1);
  EXPECT_EQ(Converted(span).end_time_unix_nano(), 1000'000'000'000u);

  span.begun = absl::InfinitePast();
  EXPECT_EQ(Converted(span).start_time_unix_nano(), 0u);
}

TEST(OtlpConvertTest, AttributesAndEventsGoAlong) {
  Span span = SomeSpan();
  span.Set("text", "a");
  span.Set("number", int64_t{-7});
  span.SetIfAny("nothing", "");
  span.SetIfAny("zero", int64_t{0});
  span.events.push_back({.name = "first_rows", .at = kBegun});

  const OtlpSpan converted = Converted(span);
  EXPECT_EQ(converted.attributes_size(), 2);
  EXPECT_EQ(AttributeOf(converted, "text"), "a");
  EXPECT_EQ(AttributeOf(converted, "number"), "-7");
  ASSERT_EQ(converted.events_size(), 1);
  EXPECT_EQ(converted.events(0).name(), "first_rows");
  EXPECT_EQ(converted.events(0).time_unix_nano(), 1000'000'000'000u);
}

TEST(OtlpConvertTest, AnEndpointsPlaceIsAddedWhereItIsNamed) {
  Span span = SomeSpan();
  span.Set(kEndpointAttribute, "db1");
  const EndpointPlaces places = PlacesOf(
      {{.name = "db1", .conninfo = "host=h1 port=5433 dbname=app password=secret"},
       {.name = "db2", .conninfo = "host=h2"},
       {.name = "db3", .conninfo = "no connection string"}});

  const OtlpSpan converted = Converted(span, places);
  EXPECT_EQ(AttributeOf(converted, "server.address"), "h1");
  EXPECT_EQ(AttributeOf(converted, "server.port"), "5433");
  EXPECT_EQ(AttributeOf(converted, "db.namespace"), "app");
  EXPECT_EQ(converted.ShortDebugString().find("secret"), std::string::npos);
  EXPECT_EQ(places.at("db2").port, 0);
  EXPECT_EQ(places.at("db3"), EndpointPlace());
}

TEST(OtlpConvertTest, AllSpansOfABatchAreOfOneResource) {
  SpanQueue::Batch batch = BatchOf(SomeSpan());
  batch.push_back(BatchOf(SomeSpan()).front());
  const auto request =
      ToOtlp(batch, {.resource = {{"service.name", "gate"}}, .version = "1.2.3"}, {});

  ASSERT_EQ(request.resource_spans_size(), 1);
  EXPECT_EQ(
      AttributeOf(request.resource_spans(0).resource().attributes(), "service.name"),
      "gate");
  ASSERT_EQ(request.resource_spans(0).scope_spans_size(), 1);
  EXPECT_EQ(request.resource_spans(0).scope_spans(0).scope().name(), "pgsluice");
  EXPECT_EQ(request.resource_spans(0).scope_spans(0).scope().version(), "1.2.3");
  EXPECT_EQ(request.resource_spans(0).scope_spans(0).spans_size(), 2);
}

}  // namespace
}  // namespace pgsluice
