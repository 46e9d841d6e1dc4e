// The tree that the spans of a call make.
#include "server/tracing/call_spans.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

#include "server/tracing/tracer.h"

namespace pgsluice {
namespace {

constexpr absl::Time kBegun = absl::FromUnixSeconds(1000);

TraceParent Caller() {
  TraceParent parent;
  parent.is_sampled = true;
  parent.trace_id.bytes[15] = 7;
  parent.span_id.bytes[7] = 8;
  return parent;
}

class CallSpansTest : public ::testing::Test {
 protected:
  std::unique_ptr<CallSpans> Begin(const std::optional<TraceParent>& parent) {
    return tracer_.Begin(tracer_.Decide(parent), "a.Service/Call", kBegun, parent, "a=b");
  }
  // The one call that was put.
  TracedCall Taken() {
    queue_.Close();
    SpanQueue::Batch batch = queue_.Take();
    EXPECT_EQ(batch.size(), 1u);
    return batch.empty() ? TracedCall() : std::move(batch.front());
  }
  static Span Named(const TracedCall& call, std::string_view name) {
    for (const Span& span : call.spans) {
      if (span.name == name) return span;
    }
    ADD_FAILURE() << "there is no span " << name;
    return {};
  }

  SpanQueue queue_{{}};
  Tracer tracer_{{.kind = Sampler::Kind::kAlwaysOn}, queue_};
};

TEST_F(CallSpansTest, ACallIsAPartOfItsCallersSpan) {
  const auto spans = Begin(Caller());
  spans->End(kBegun + absl::Seconds(1));

  const TracedCall call = Taken();
  EXPECT_EQ(call.trace_id, Caller().trace_id);
  EXPECT_EQ(call.trace_state, "a=b");
  const Span span = Named(call, "a.Service/Call");
  EXPECT_EQ(span.parent, Caller().span_id);
  EXPECT_TRUE(span.has_remote_parent);
  EXPECT_TRUE(span.id.is_valid());
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.begun, kBegun);
  EXPECT_EQ(span.ended, kBegun + absl::Seconds(1));
}

TEST_F(CallSpansTest, WithoutACallerItIsTheFirstOfItsTrace) {
  const auto spans = Begin(std::nullopt);
  spans->End(kBegun);

  const TracedCall call = Taken();
  EXPECT_TRUE(call.trace_id.is_valid());
  EXPECT_FALSE(call.spans.front().parent.is_valid());
  EXPECT_FALSE(call.spans.front().has_remote_parent);
}

TEST_F(CallSpansTest, WhatIsAddedIsAPartOfWhatIsOpen) {
  const auto spans = Begin(Caller());
  spans->Add({.name = "before"});
  {
    SpanScope turn(spans.get(), "turn");
    spans->Add({.name = "within"});
    {
      SpanScope inner(spans.get(), "inner");
      spans->Add({.name = "deep"});
    }
    spans->Add({.name = "within again"});
    turn.End();
    turn.End();
  }
  spans->Add({.name = "after"});
  spans->End(kBegun);

  const TracedCall call = Taken();
  const SpanId own = Named(call, "a.Service/Call").id;
  EXPECT_EQ(Named(call, "before").parent, own);
  EXPECT_EQ(Named(call, "turn").parent, own);
  EXPECT_EQ(Named(call, "within").parent, Named(call, "turn").id);
  EXPECT_EQ(Named(call, "inner").parent, Named(call, "turn").id);
  EXPECT_EQ(Named(call, "deep").parent, Named(call, "inner").id);
  EXPECT_EQ(Named(call, "within again").parent, Named(call, "turn").id);
  EXPECT_EQ(Named(call, "after").parent, own);
  EXPECT_EQ(call.spans.size(), 8u);
  std::set<std::string> ids;
  for (const Span& span : call.spans) ids.insert(HexOf(span.id));
  EXPECT_EQ(ids.size(), call.spans.size());
}

TEST_F(CallSpansTest, APartMayBelongToOneThatHasEnded) {
  const auto spans = Begin(Caller());
  const SpanId queue = spans->Add({.name = "queue"});
  spans->Add({.parent = queue, .name = "dial"});
  spans->End(kBegun);

  const TracedCall call = Taken();
  EXPECT_EQ(Named(call, "queue").id, queue);
  EXPECT_EQ(Named(call, "dial").parent, queue);
}

TEST_F(CallSpansTest, ACallHasSoManySpansAndNoMore) {
  const auto spans = Begin(Caller());
  for (size_t i = 0; i < kMaxSpansPerCall + 5; ++i) spans->Add({.name = "part"});
  spans->End(kBegun);

  const TracedCall call = Taken();
  EXPECT_EQ(call.spans.size(), kMaxSpansPerCall + 1);
  EXPECT_EQ(call.left_out, 5u);
  const Span own = Named(call, "a.Service/Call");
  ASSERT_EQ(own.attributes.size(), 1u);
  EXPECT_EQ(own.attributes[0].name, "pgsluice.dropped_spans");
  EXPECT_EQ(std::get<int64_t>(own.attributes[0].value), 5);
}

TEST_F(CallSpansTest, AnEndedCallKeepsItsNamesAndNothingElse) {
  const auto spans = Begin(Caller());
  const SpanId own = spans->id();
  spans->End(kBegun);
  spans->Add({.name = "late"});
  spans->End(kBegun);

  EXPECT_EQ(spans->trace_id(), Caller().trace_id);
  EXPECT_EQ(spans->id(), own);
  EXPECT_EQ(Taken().spans.size(), 1u);
}

TEST_F(CallSpansTest, AScopeOfACallThatIsNotTracedDoesNothing) {
  SpanScope scope(nullptr, "turn");
  EXPECT_EQ(scope.span(), nullptr);
  scope.End();
}

TEST_F(CallSpansTest, IdsDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.insert(HexOf(tracer_.NewSpanId()));
    ids.insert(HexOf(tracer_.Decide(std::nullopt).trace_id));
  }
  EXPECT_EQ(ids.size(), 2000u);
}

}  // namespace
}  // namespace pgsluice
